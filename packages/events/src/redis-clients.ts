/**
 * The connections to Redis, of ioredis: one for commands and one that hears, or those of a cluster, where channels are sharded
 * (SSUBSCRIBE, SPUBLISH). Nothing is queued or sent again behind the caller's back: a command is answered within its time or
 * fails, and who needs it again says so. The way back after a loss is ioredis's own; what was subscribed is the caller's to repeat.
 */
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import type { RedisServer } from './redis-server.js'

/** What is said to the connection for commands. */
export type RedisCommands = Redis | Cluster

export interface RedisClients {
  readonly commands: RedisCommands
  publish(channel: string, payload: string): Promise<unknown>
  /** Resolves when Redis has noted all of them. */
  subscribe(channels: readonly string[]): Promise<unknown>
  unsubscribe(channels: readonly string[]): Promise<unknown>
  /** A question on every connection; rejects when one of them doesn't answer. */
  ping(): Promise<unknown>
  close(): void
}

export interface RedisClientsOptions {
  readonly commandTimeoutMs: number
  readonly connectTimeoutMs: number
  /** A connection that owes an answer for so long is closed and opened anew. */
  readonly deadAfterMs: number
  readonly retryMsMax: number
  readonly onMessage: (channel: string, payload: string) => void
  /** A connection is there or gone; what was subscribed on it is to be subscribed again. */
  readonly onChange: () => void
  readonly onError: (error: Error) => void
}

export function connectRedis(server: RedisServer, options: RedisClientsOptions): RedisClients {
  return server.kind === 'cluster' ? clusterClients(server, options) : singleClients(server, options)
}

const retryMsMin = 50
const wait = (times: number, { retryMsMax }: RedisClientsOptions): number =>
  Math.min(retryMsMax, retryMsMin * 2 ** Math.min(times - 1, 10)) * (0.75 + Math.random() / 2)

const shared = ({ tls, username, password }: RedisServer, options: RedisClientsOptions) =>
  ({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    commandTimeout: options.commandTimeoutMs,
    connectTimeout: options.connectTimeoutMs,
    socketTimeout: options.deadAfterMs,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    disableClientInfo: true,
    connectionName: 'postern',
  }) as const satisfies RedisOptions

const reconnectPauseMs = 30_000
/** A sentinel that is away is looked for so often, to hear of failovers from it; ioredis writes a line each time. */
const sentinelPauseMs = 30_000

/**
 * A server that was made a replica says so to each command that writes, while behind its name stands another one, or will soon.
 * One that stays a replica isn't connected to anew each time.
 */
function onceInAWhile(isReason: (error: Error) => boolean): (error: Error) => boolean {
  let atMs = Number.NEGATIVE_INFINITY
  return (error) => {
    if (!isReason(error) || performance.now() - atMs < reconnectPauseMs) return false
    atMs = performance.now()
    return true
  }
}

function singleOptions(server: Exclude<RedisServer, { kind: 'cluster' }>, options: RedisClientsOptions): RedisOptions {
  const common: RedisOptions = {
    ...shared(server, options),
    db: server.db,
    enableOfflineQueue: false,
    retryStrategy: (times) => wait(times, options),
    reconnectOnError: onceInAWhile(({ message }) => message.startsWith('READONLY')),
  }
  if (server.kind === 'single') return { ...common, ...server.at }
  return {
    ...common,
    name: server.name,
    sentinels: server.sentinels.map((each) => ({ ...each })),
    ...(server.sentinelPassword === undefined ? {} : { sentinelPassword: server.sentinelPassword }),
    ...(server.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    sentinelRetryStrategy: (times) => wait(times, options),
    sentinelReconnectStrategy: () => sentinelPauseMs,
    sentinelCommandTimeout: options.commandTimeoutMs,
    failoverDetector: true,
  }
}

/**
 * ioredis gives a connection up for good where sentinels tell of a failover while it's on its way to the server. Then it begins anew.
 */
function stayConnected(client: Redis, options: RedisClientsOptions): () => void {
  let again: NodeJS.Timeout | undefined
  const begin = (): void => {
    again = setTimeout(() => client.connect().catch(options.onError), wait(1, options))
  }
  client.on('end', begin)
  return () => {
    clearTimeout(again)
    client.off('end', begin)
    client.disconnect()
  }
}

function singleClients(server: Exclude<RedisServer, { kind: 'cluster' }>, options: RedisClientsOptions): RedisClients {
  const settings = singleOptions(server, options)
  const commands = new Redis(settings)
  const hearing = new Redis(settings)
  for (const client of [commands, hearing]) {
    client.on('error', options.onError)
    for (const event of ['ready', 'close']) client.on(event, options.onChange)
  }
  hearing.on('message', options.onMessage)
  const ends = [commands, hearing].map((client) => stayConnected(client, options))
  return {
    commands,
    publish: (channel, payload) => commands.publish(channel, payload),
    subscribe: (channels) => hearing.subscribe(...channels),
    unsubscribe: (channels) => hearing.unsubscribe(...channels),
    ping: () => Promise.all([commands.ping(), hearing.ping()]),
    close() {
      for (const end of ends) end()
    },
  }
}

function clusterClients(server: RedisServer & { kind: 'cluster' }, options: RedisClientsOptions): RedisClients {
  const settings: ClusterOptions = {
    shardedSubscribers: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: (times) => wait(times, options),
    clusterNodeRetryStrategy: (times) => wait(times, options),
    slotsRefreshTimeout: options.commandTimeoutMs,
    redisOptions: shared(server, options),
  }
  const cluster = new Cluster(
    server.nodes.map((each) => ({ ...each })),
    settings,
  )
  cluster.on('error', options.onError)
  cluster.on('node error', options.onError)
  for (const event of ['ready', 'close', '+node', '-node', '-subscriber', 'subscribersReady'])
    cluster.on(event, options.onChange)
  cluster.on('smessage', options.onMessage)
  const known = new Set<string>()
  const unsubscribe = (channel: string) => {
    known.delete(channel)
    return cluster.sunsubscribe(channel)
  }
  /** The cluster's client notes a channel as often as it's subscribed, to repeat that by itself. */
  const subscribe = (channel: string) => {
    const again = known.has(channel) ? unsubscribe(channel) : undefined
    known.add(channel)
    return Promise.all([again, cluster.ssubscribe(channel)])
  }
  return {
    commands: cluster,
    publish: (channel, payload) => cluster.spublish(channel, payload),
    // One by one: each may be at another node.
    subscribe: (channels) => Promise.all(channels.map(subscribe)),
    unsubscribe: (channels) => Promise.all(channels.map(unsubscribe)),
    async ping() {
      const nodes = cluster.nodes('master')
      if (nodes.length === 0) throw new Error('no node of the cluster is there')
      await Promise.all(nodes.map((node) => node.ping()))
    },
    close: () => cluster.disconnect(),
  }
}
