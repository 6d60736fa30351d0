// The doors for other mail servers: SMTP on the MX port, which begins in clear and offers STARTTLS; LMTP on a port and on a unix socket,
// for a mail server of one's own in front. RFC 5321, RFC 3207, RFC 2033, contract A4.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Counters, LiveSession, SessionsOfDoors } from '@postern/events'
import type { Certificates, Incoming, Listener, ListenerOptions, Networks, PlacesFor, Refusal } from '@postern/service'
import { listen } from '@postern/service'
import { Conversations, type Reply, removeLeftOvers, replyLine } from '@postern/smtp'
import type { InboundContext } from './context.js'
import type { DoorContext } from './doors/context.js'
import { heardByLmtp, heardBySmtp } from './doors/heard.js'
import { defaultInboundLimits, type InboundLimits } from './doors/limits.js'
import { Session } from './doors/session.js'
import { openUnixDoor, type UnixDoor } from './doors/unix-door.js'
import { type Blocklists, noBlocklists } from './guard/blocklists.js'
import { createGuard, defaultGuardLimits, type GuardLimits } from './guard/guard.js'

export interface InboundServerOptions {
  readonly inbound: InboundContext
  readonly certificates: Certificates
  readonly counters: Counters
  readonly host: string
  /** 0 = any free port. */
  readonly mxPort: number
  readonly lmtpPort: number
  /** Where LMTP has a unix socket too. */
  readonly lmtpSocket?: string | undefined
  /** Who may come by LMTP's port. */
  readonly lmtpNetworks: Networks
  /** Whose servers are neither counted nor greylisted nor looked up. */
  readonly trustedNetworks: Networks
  readonly blocklists?: Blocklists
  readonly proxyNetworks: Networks
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Counts connections together with other processes that have the same ports. */
  readonly placesFor?: PlacesFor | undefined
  /** Whether other processes of this gateway open the same unix socket. */
  readonly sharesSocket?: boolean
  readonly limits?: Partial<InboundLimits>
  readonly guardLimits?: Partial<GuardLimits>
}

export interface InboundServer extends SessionsOfDoors {
  readonly mxPort: number
  readonly lmtpPort: number
  readonly sessions: number
  /**
   * Takes no new client, and says goodbye to those that are here, spread over `overMs`; a message on its way in is still answered.
   * For `noticeMs` before that the doors are open, and tell who comes that the server is going down.
   */
  drain(time?: { readonly noticeMs?: number; readonly overMs?: number }): Promise<void>
  /** Cuts off whoever is left; afterwards nothing runs for anybody any more. */
  close(): Promise<void>
}

export async function startInboundServer(options: InboundServerOptions): Promise<InboundServer> {
  const limits = { ...defaultInboundLimits, ...options.limits }
  const { mx, lmtp } = conversations(options, limits)
  const opened: (Listener | UnixDoor)[] = []
  await removeLeftOvers(options.inbound.holding.folder)
  try {
    const mxDoor = await door({ name: 'mx', port: options.mxPort, portSetting: 'POSTERN_MX_PORT' }, (one) =>
      mx.serve(one),
    )
    opened.push(mxDoor)
    const serveLmtp = (one: Incoming): void => lmtp.serve(one)
    const lmtpDoor = await door(
      { name: 'lmtp', port: options.lmtpPort, portSetting: 'POSTERN_LMTP_PORT' },
      onlyFrom(options.lmtpNetworks, serveLmtp),
    )
    opened.push(lmtpDoor)
    const unixDoor = await socketDoor(options, serveLmtp)
    if (unixDoor !== undefined) opened.push(unixDoor)
    return serverOf({ ports: { mxPort: mxDoor.port, lmtpPort: lmtpDoor.port }, opened, sessions: [mx, lmtp] })
  } catch (error) {
    await Promise.all(opened.map((one) => one.close()))
    throw error
  }

  function door(
    own: Pick<ListenerOptions, 'name' | 'port' | 'portSetting'>,
    onConnection: (incoming: Incoming) => void,
  ): Promise<Listener> {
    const { host, proxyNetworks, connectionsMax, connectionsPerAddressMax, placesFor, inbound } = options
    const { logger, metrics } = inbound
    return listen({
      ...own,
      ...{ host, logger, metrics, proxyNetworks, connectionsMax, connectionsPerAddressMax, placesFor, onConnection },
      proxyTimeoutMs: limits.proxyTimeoutMs,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onRefused: ({ socket }, refusal) => void socket.write(replyLine(busyReplies[refusal])),
    })
  }
}

function conversations(options: InboundServerOptions, limits: InboundLimits) {
  const { inbound, certificates, counters, trustedNetworks, blocklists = noBlocklists } = options
  const { hostname, clock, logger, metrics } = inbound
  const guard = createGuard({
    ...{ counters, blocklists, clock, logger, metrics, trusted: trustedNetworks },
    limits: { ...defaultGuardLimits, ...options.guardLimits },
  })
  const vouched = createGuard({
    ...{ counters, blocklists, clock, logger, metrics, trusted: { has: () => true } },
    limits: { ...defaultGuardLimits, ...options.guardLimits },
  })
  const smtpContext: DoorContext = { inbound, limits, guard, certificates }
  const lmtpContext: DoorContext = { inbound, limits, guard: vouched, certificates: undefined }
  const bySmtp = { via: 'smtp', context: smtpContext, heard: heardBySmtp(limits) } as const
  const byLmtp = { via: 'lmtp', context: lmtpContext, heard: heardByLmtp(limits) } as const
  return {
    mx: new Conversations({
      ...{ hostname, limits },
      begin: (wire) => new Session(wire, bySmtp),
      onTlsHello: () => '554 5.7.0 This port begins in clear: use STARTTLS',
    }),
    lmtp: new Conversations({
      ...{ hostname, limits },
      begin: (wire) => new Session(wire, byLmtp),
      onTlsHello: () => '554 5.7.0 This port has no TLS: it is for servers on the same machine or network',
    }),
  }
}

function onlyFrom(allowed: Networks, serve: (incoming: Incoming) => void): (incoming: Incoming) => void {
  return (incoming) => {
    if (allowed.has(incoming.remoteAddress)) return serve(incoming)
    incoming.socket.end(replyLine('421 4.7.1 LMTP is not for you: see POSTERN_LMTP_NETWORKS'))
    incoming.socket.resume()
  }
}

async function socketDoor(
  { lmtpSocket, connectionsMax, placesFor, sharesSocket = false, inbound: { logger } }: InboundServerOptions,
  onConnection: (incoming: Incoming) => void,
): Promise<UnixDoor | undefined> {
  if (lmtpSocket === undefined) return undefined
  const onRefused = (socket: { write(text: string): unknown }): void =>
    void socket.write(replyLine(busyReplies['too many connections']))
  return openUnixDoor({
    ...{ path: lmtpSocket, isShared: sharesSocket, connectionsMax, placesFor, logger, onConnection, onRefused },
  })
}

const busyReplies: Readonly<Record<Refusal, Reply>> = {
  'too many connections': '421 4.7.0 Too many connections, try again later',
  'too many connections from one address': '421 4.7.0 Too many connections from your address',
}

interface Running {
  readonly ports: Pick<InboundServer, 'mxPort' | 'lmtpPort'>
  readonly opened: readonly (Listener | UnixDoor)[]
  readonly sessions: readonly Conversations<Session>[]
}

function serverOf({ ports, opened, sessions }: Running): InboundServer {
  return {
    ...ports,
    get sessions() {
      return sessions.reduce((sum, { size }) => sum + size, 0)
    },
    *live() {
      for (const session of sessions.flatMap((each) => Array.from(each.running()))) yield described(session)
    },
    endSession: (id) => sessions.some((each) => each.endSession(id)),
    async drain({ noticeMs = 0, overMs = 0 } = {}) {
      for (const each of sessions) each.turnAway()
      if (noticeMs > 0) await sleep(noticeMs)
      for (const one of opened) one.stopAccepting()
      await Promise.all(sessions.map((each) => each.drain({ overMs })))
    },
    async close() {
      await Promise.all(opened.map((one) => one.close()))
      await Promise.all(sessions.map((each) => each.ended()))
    },
  }
}

/** Other servers, which don't log in. */
function described({ wire, via, hello, since, doing }: Session): LiveSession {
  const { id, door, remoteAddress } = wire.incoming
  return {
    ...{ id, protocol: via, door, since, doing, mailbox: undefined, address: undefined, credential: undefined },
    clientAddress: remoteAddress,
    client: hello?.name,
  }
}
