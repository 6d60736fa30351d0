/**
 * Every metric Postern exposes, in one list; the accessors are typed from it, so a name or label that isn't declared here
 * doesn't compile. Each process has its own registry, with prom-client's process metrics (event loop lag among them).
 * Labels are closed sets: never an address, a user or a message.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

interface Declaration {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
  /** What the value of a gauge is where several processes answer as one; their sum unless it says otherwise. */
  readonly together?: 'min' | 'max'
}

export const metricList = {
  connectionsOpen: {
    name: 'postern_connections_open',
    type: 'gauge',
    help: 'Client connections open now.',
    labels: ['listener'],
  },
  connectionsAccepted: {
    name: 'postern_connections_accepted_total',
    type: 'counter',
    help: 'Client connections handed to their protocol.',
    labels: ['listener'],
  },
  connectionsRefused: {
    name: 'postern_connections_refused_total',
    type: 'counter',
    help: 'Client connections turned away before their protocol saw them.',
    labels: ['listener', 'reason'],
  },
  tlsHandshakeSeconds: {
    name: 'postern_tls_handshake_seconds',
    type: 'histogram',
    help: 'Time from a connection to its keys, on ports with implicit TLS.',
    labels: ['listener'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  certificateExpiry: {
    name: 'postern_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the certificate ends, in Unix time.',
    labels: ['certificate'],
    together: 'min',
  },
  logins: {
    name: 'postern_logins_total',
    type: 'counter',
    help: 'Logins by outcome: ok, refused, limit (too many sessions), in clear (without TLS), failed (by a mistake of the server).',
    labels: ['protocol', 'outcome'],
  },
  loginsRefused: {
    name: 'postern_logins_refused_total',
    type: 'counter',
    help: 'Refused logins by their real cause, which no client is told.',
    labels: ['protocol', 'cause'],
  },
  imapSessionsOpen: {
    name: 'postern_imap_sessions_open',
    type: 'gauge',
    help: 'IMAP sessions that are logged in now.',
    labels: [],
  },
  imapCommands: {
    name: 'postern_imap_commands_total',
    type: 'counter',
    help: 'IMAP commands by outcome: ok, no, bad, bye, bug (of the server), gone (the client, in the middle of it).',
    labels: ['command', 'outcome'],
  },
  imapCommandSeconds: {
    name: 'postern_imap_command_seconds',
    type: 'histogram',
    help: "From a command's line to its answer; of APPEND, AUTHENTICATE and IDLE with the client's own time.",
    labels: ['command'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  imapBytes: {
    name: 'postern_imap_bytes_total',
    type: 'counter',
    help: 'Bytes of IMAP, in from clients and out to them, counted when a command is answered.',
    labels: ['direction'],
  },
  imapPushSeconds: {
    name: 'postern_imap_push_seconds',
    type: 'histogram',
    help: 'From the ring that a mailbox changed to the news on its way to a client in IDLE.',
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  },
  redisUp: {
    name: 'postern_redis_up',
    type: 'gauge',
    help: 'Whether Redis answers in time: 1 or 0.',
    labels: [],
    together: 'min',
  },
  redisLosses: {
    name: 'postern_redis_losses_total',
    type: 'counter',
    help: 'How often Redis was there and then was not.',
    labels: [],
  },
  ringsPublished: {
    name: 'postern_rings_published_total',
    type: 'counter',
    help: 'Rings of this process that Redis, or the supervisor of workers, took for the others.',
    labels: [],
  },
  ringsHeard: {
    name: 'postern_rings_heard_total',
    type: 'counter',
    help: "Other processes' rings that came over Redis or from the supervisor.",
    labels: [],
  },
  countsStoodIn: {
    name: 'postern_counts_stood_in_total',
    type: 'counter',
    help: 'Questions to shared counters that this process answered alone, because Redis, or the supervisor, did not.',
    labels: [],
  },
  relayQueue: {
    name: 'postern_relay_queue',
    type: 'gauge',
    help: 'Recipients in the queue: waiting for their next try, or leased to a relay.',
    labels: ['state'],
    together: 'max',
  },
  relayLateSeconds: {
    name: 'postern_relay_late_seconds',
    type: 'gauge',
    help: 'How long the recipient that is due the longest has been waiting for its turn.',
    labels: [],
    together: 'max',
  },
  relayAttempts: {
    name: 'postern_relay_attempts_total',
    type: 'counter',
    help: 'Tries to deliver to one recipient by outcome: delivered, deferred, failed (for good), expired (its time was over).',
    labels: ['outcome'],
  },
  relayAttemptSeconds: {
    name: 'postern_relay_attempt_seconds',
    type: 'histogram',
    help: 'How long a try took, for all recipients that went together.',
    labels: [],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
  },
  submissionSessionsOpen: {
    name: 'postern_submission_sessions_open',
    type: 'gauge',
    help: 'Submission sessions that are logged in now.',
    labels: [],
  },
  submissionCommands: {
    name: 'postern_submission_commands_total',
    type: 'counter',
    help: 'Submission commands by outcome: ok, refused, bug (of the server), gone (the client, in the middle of it).',
    labels: ['command', 'outcome'],
  },
  submissionCommandSeconds: {
    name: 'postern_submission_command_seconds',
    type: 'histogram',
    help: "From a command's line to its answer; of AUTH, DATA and STARTTLS with the client's own time.",
    labels: ['command'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  submissionMessageBytes: {
    name: 'postern_submission_message_bytes',
    type: 'histogram',
    help: 'Size of accepted messages.',
    labels: [],
    buckets: [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 10_485_760, 52_428_800],
  },
  submissionBytes: {
    name: 'postern_submission_bytes_total',
    type: 'counter',
    help: 'Bytes of submission, in from clients and out to them, counted when a session ends.',
    labels: ['direction'],
  },
  inboundSessionsOpen: {
    name: 'postern_inbound_sessions_open',
    type: 'gauge',
    help: 'Sessions of other mail servers that have said hello, by SMTP or LMTP.',
    labels: [],
  },
  inboundCommands: {
    name: 'postern_inbound_commands_total',
    type: 'counter',
    help: 'Commands of other mail servers by outcome: ok, refused, bug (of the server), gone (the client, in the middle of it).',
    labels: ['command', 'outcome'],
  },
  inboundCommandSeconds: {
    name: 'postern_inbound_command_seconds',
    type: 'histogram',
    help: "From a command's line to its answer; of DATA and STARTTLS with the client's own time.",
    labels: ['command'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  },
  inboundMessageBytes: {
    name: 'postern_inbound_message_bytes',
    type: 'histogram',
    help: 'Size of messages that came in by SMTP or LMTP.',
    labels: [],
    buckets: [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 10_485_760, 52_428_800],
  },
  inboundBytes: {
    name: 'postern_inbound_bytes_total',
    type: 'counter',
    help: 'Bytes of SMTP and LMTP from other mail servers, in and out, counted when a session ends.',
    labels: ['direction'],
  },
  inboundTurnedAway: {
    name: 'postern_inbound_turned_away_total',
    type: 'counter',
    help: 'What other mail servers were told to try later or not at all, by reason.',
    labels: ['reason'],
  },
  ingestPosts: {
    name: 'postern_ingest_posts_total',
    type: 'counter',
    help: 'Posts of mail over HTTP by provider and status; gone is who went in the middle of one.',
    labels: ['provider', 'outcome'],
  },
  mailEvents: {
    name: 'postern_mail_events_total',
    type: 'counter',
    help: 'Message events as the mail log tells them.',
    labels: ['event'],
  },
  mailJudged: {
    name: 'postern_mail_judged_total',
    type: 'counter',
    help: 'Messages from elsewhere by what was done with them and what DMARC said of their author; unknown where it could not be told.',
    labels: ['action', 'dmarc'],
  },
  ruledMessages: {
    name: 'postern_ruled_messages_total',
    type: 'counter',
    help: 'Messages that rules of inboxes were for, by what became of them: filed, forwarded, posted (to a sink), answered, discarded; several may be true of one.',
    labels: ['outcome'],
  },
  rulesNotFollowed: {
    name: 'postern_rules_not_followed_total',
    type: 'counter',
    help: 'What rules wanted and could not be done, the message being kept, by why.',
    labels: ['why'],
  },
  rspamdAnswers: {
    name: 'postern_rspamd_answers_total',
    type: 'counter',
    help: 'Questions to rspamd by outcome: ok, unreachable (or too slow), senseless. But for ok the message went on without an opinion.',
    labels: ['outcome'],
  },
  deliveryDelaySeconds: {
    name: 'postern_delivery_delay_seconds',
    type: 'histogram',
    help: 'Time from acceptance to delivery, per recipient.',
    labels: [],
    buckets: [0.1, 0.5, 1, 5, 30, 60, 300, 1800, 7200, 43_200, 172_800],
  },
} as const satisfies Record<string, Declaration>

type List = typeof metricList
type Accessor<D extends Declaration> = D['type'] extends 'counter'
  ? Counter<D['labels'][number]>
  : D['type'] extends 'gauge'
    ? Gauge<D['labels'][number]>
    : Histogram<D['labels'][number]>

export type Metrics = { readonly [Name in keyof List]: Accessor<List[Name]> } & {
  readonly registry: Registry
}

export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry })
  const accessors = Object.entries(metricList).map(([name, declaration]) => [name, create(declaration, registry)])
  return { ...(Object.fromEntries(accessors) as Omit<Metrics, 'registry'>), registry } as Metrics
}

function create({ name, type, help, labels, buckets, together }: Declaration, registry: Registry) {
  const shape = { name, help, labelNames: labels, registers: [registry], aggregator: together ?? ('sum' as const) }
  switch (type) {
    case 'counter':
      return new Counter(shape)
    case 'gauge':
      return new Gauge(shape)
    case 'histogram':
      return new Histogram(buckets ? { ...shape, buckets: [...buckets] } : shape)
  }
}
