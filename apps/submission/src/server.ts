// The submission server: a listener on implicit TLS and one with STARTTLS, and what all sessions share. RFC 6409, RFC 8314 §3.3,
// contract A2.

import { setTimeout as sleep } from 'node:timers/promises'
import { mechanisms } from '@postern/auth'
import { type LiveSession, localSending, type Sending, type SessionsOfDoors } from '@postern/events'
import {
  type Certificates,
  type Listener,
  type ListenerOptions,
  listen,
  type Networks,
  type PlacesFor,
  type Refusal,
} from '@postern/service'
import { Conversations, type Reply, replyLine } from '@postern/smtp'
import { createMailLog } from '@postern/telemetry'
import type { SubmissionContext } from './context.js'
import { HeardAnswers } from './heard-answers.js'
import { defaultSubmissionLimits, type SubmissionLimits } from './limits.js'
import { Session } from './session.js'

type Shared = Pick<
  SubmissionContext,
  'store' | 'planHere' | 'login' | 'lookups' | 'sinks' | 'holding' | 'logger' | 'metrics' | 'hostname' | 'clock'
>

export interface SubmissionServerOptions extends Shared {
  /** Whether tokens of an issuer are taken besides passwords (contract B11). */
  readonly tokens?: boolean
  readonly certificates: Certificates
  /** Told of messages that are on their way in; nobody is where it's not given. */
  readonly sending?: Sending
  readonly host: string
  /** Implicit TLS; 0 = any free port. */
  readonly tlsPort: number
  /** In clear until STARTTLS. */
  readonly startTlsPort: number
  readonly proxyNetworks: Networks
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Counts connections together with other processes that have the same ports. */
  readonly placesFor?: PlacesFor | undefined
  readonly limits?: Partial<SubmissionLimits>
}

export interface SubmissionServer extends SessionsOfDoors {
  readonly tlsPort: number
  readonly startTlsPort: number
  readonly sessions: number
  /**
   * Takes no new client, and says goodbye to those that are here, spread over `overMs`; a message on its way in is still answered.
   * For `noticeMs` before that the doors are open, and tell who comes that the server is going down.
   */
  drain(time?: { readonly noticeMs?: number; readonly overMs?: number }): Promise<void>
  /** Cuts off whoever is left; afterwards nothing runs for anybody any more. */
  close(): Promise<void>
}

export async function startSubmissionServer(options: SubmissionServerOptions): Promise<SubmissionServer> {
  const {
    store,
    planHere,
    login,
    lookups,
    sinks,
    holding,
    certificates,
    logger,
    metrics,
    hostname,
    clock,
    tokens = false,
  } = options
  const { sending = localSending({ messagesMax: 0 }) } = options
  const limits = { ...defaultSubmissionLimits, ...options.limits }
  const context: SubmissionContext = {
    ...{
      store,
      planHere,
      login,
      lookups,
      sinks,
      holding,
      sending,
      certificates,
      logger,
      metrics,
      hostname,
      clock,
      limits,
    },
    mechanisms: mechanisms({ tokens }),
    mailLog: createMailLog({ logger, metrics }),
    heardAnswers: new HeardAnswers({ messagesMax: limits.heardAnswersMax, clock }),
  }
  const sessions = new Conversations({
    ...{ hostname, limits },
    begin: (wire) => new Session(wire, context),
    onTlsHello: () =>
      `554 5.7.0 Wrong encryption mode for this port: connect to port ${tls.port} with TLS, or use STARTTLS here`,
  })
  const tls = await door({
    name: 'submissions',
    port: options.tlsPort,
    portSetting: 'POSTERN_SUBMISSIONS_PORT',
    tls: certificates,
    wordInClear: replyLine('554 5.7.0 This port takes TLS from the first byte; STARTTLS has a port of its own'),
  })
  try {
    const startTls = await door({
      name: 'submission',
      port: options.startTlsPort,
      portSetting: 'POSTERN_SUBMISSION_PORT',
    })
    return serverOf({ tls, startTls }, sessions)
  } catch (error) {
    await tls.close()
    throw error
  }

  function door(
    own: Pick<ListenerOptions, 'name' | 'port' | 'portSetting' | 'tls' | 'wordInClear'>,
  ): Promise<Listener> {
    const { host, proxyNetworks, connectionsMax, connectionsPerAddressMax, placesFor } = options
    return listen({
      ...own,
      ...{ host, logger, metrics, proxyNetworks, connectionsMax, connectionsPerAddressMax, placesFor },
      proxyTimeoutMs: limits.proxyTimeoutMs,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      onConnection: (incoming) => sessions.serve(incoming),
      onRefused: ({ socket }, refusal) => void socket.write(replyLine(busyReplies[refusal])),
    })
  }
}

const busyReplies: Readonly<Record<Refusal, Reply>> = {
  'too many connections': '421 4.7.0 Too many connections, try again later',
  'too many connections from one address': '421 4.7.0 Too many connections from your address',
}

interface Doors {
  readonly tls: Listener
  readonly startTls: Listener
}

function serverOf({ tls, startTls }: Doors, sessions: Conversations<Session>): SubmissionServer {
  return {
    tlsPort: tls.port,
    startTlsPort: startTls.port,
    get sessions() {
      return sessions.size
    },
    *live() {
      for (const session of sessions.running()) yield described(session)
    },
    endSession: (id) => sessions.endSession(id),
    async drain({ noticeMs = 0, overMs = 0 } = {}) {
      sessions.turnAway()
      if (noticeMs > 0) await sleep(noticeMs)
      tls.stopAccepting()
      startTls.stopAccepting()
      await sessions.drain({ overMs })
    },
    async close() {
      await Promise.all([tls.close(), startTls.close()])
      await sessions.ended()
    },
  }
}

function described({ wire, admission, hello, since, doing }: Session): LiveSession {
  const credential = admission?.sender.credential
  const { id, door, remoteAddress } = wire.incoming
  return {
    ...{ id, protocol: 'smtp', door, since, doing, mailbox: undefined },
    address: admission?.address,
    credential: credential && { id: credential.publicId, label: credential.label },
    clientAddress: remoteAddress,
    client: hello?.name,
  }
}
