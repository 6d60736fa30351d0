export { bucketsPerWindow, type Counters, type Window } from './counters.js'
export type { Doorbell, Ring, StopListening } from './doorbell.js'
export { type IpcCountersOptions, ipcCounters } from './ipc-counters.js'
export { type IpcDoorbellOptions, ipcDoorbell } from './ipc-doorbell.js'
export { EventsHub, type EventsHubOptions } from './ipc-hub.js'
export { type IpcChannel, IpcDown, IpcLink, type IpcMessage } from './ipc-link.js'
export { type IpcSendingOptions, ipcSending } from './ipc-sending.js'
export { channels, counterKeys, peerKeys, placeKeys, sendingKeys } from './keys.js'
export {
  type LiveSession,
  LiveSessions,
  type SessionFilter,
  type SessionPage,
  type SessionsOfDoors,
  sessionsPerPageMax,
} from './live-sessions.js'
export { type LocalCountersOptions, localCounters } from './local-counters.js'
export { type LocalDoorbellOptions, localDoorbell } from './local-doorbell.js'
export { type LocalSendingOptions, localSending } from './local-sending.js'
export { checkRedis, type RedisCheck } from './redis-check.js'
export { type RedisCountersOptions, redisCounters } from './redis-counters.js'
export { type RedisDoorbellOptions, redisDoorbell } from './redis-doorbell.js'
export { RedisLink, type RedisLinkOptions } from './redis-link.js'
export { type Peer, type RedisPeers, type RedisPeersOptions, redisPeers } from './redis-peers.js'
export { type RedisSendingOptions, redisSending } from './redis-sending.js'
export { type HostAndPort, type RedisServer, showRedisServer } from './redis-server.js'
export type { EndOfSending, Sending } from './sending.js'
