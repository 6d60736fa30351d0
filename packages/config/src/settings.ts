/**
 * The one table of settings: variable name, kind of value, default, whether it's a secret, and one sentence that says what
 * it does. Everything else follows from it: load.ts reads it, `Config` is its type, and config/postern.env.example is
 * printed from it. A setting that needs another one is checked in `combinations`, below the table.
 */
import type { Route } from '@postern/routing'
import type { z } from 'zod'
import { redisUrl } from './redis-url.js'
import { route } from './route.js'
import { tokenIssuers } from './token-issuers.js'
import {
  dnsServers,
  hostName,
  hostNames,
  ipAddress,
  namesOrAll,
  networks,
  oneOf,
  port,
  secret,
  text,
  trueOrFalse,
  url,
  wholeNumber,
} from './values.js'

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly name: string
  readonly schema: Schema
  /** As it would be written in the environment; absent = the setting is optional and has no value unless given. */
  readonly default?: string
  /** Its value is never printed, and `NAME_FILE` may name a file that holds it. */
  readonly secret?: true
  readonly about: string
}

type Presence = { readonly default?: string; readonly secret?: true }

const setting = <Schema extends z.ZodType, const P extends Presence>(
  name: string,
  schema: Schema,
  presence: P,
  about: string,
): Setting<Schema> & P => ({ name, schema, ...presence, about })

export const roleNames = ['imap', 'submission', 'inbound', 'relay', 'api'] as const
export type Role = (typeof roleNames)[number]

export const settings = {
  dataDir: setting(
    'POSTERN_DATA_DIR',
    text(),
    { default: './data' },
    'Directory that holds everything to back up: database, message files, keys and self-made certificates.',
  ),
  hostname: setting(
    'POSTERN_HOSTNAME',
    hostName(),
    { default: 'localhost' },
    'The name that mail clients connect to; it stands in greetings and in the self-made certificate.',
  ),
  bind: setting(
    'POSTERN_BIND',
    ipAddress(),
    { default: '127.0.0.1' },
    'Address that every listener binds to; 0.0.0.0 or :: opens Postern to other machines.',
  ),
  domain: setting(
    'POSTERN_DOMAIN',
    hostName(),
    { default: 'example.test' },
    'The mail domain that the first start creates.',
  ),
  roles: setting(
    'POSTERN_ROLES',
    namesOrAll(...roleNames),
    { default: 'all' },
    `What this process does: "all", or a comma list of ${roleNames.join(', ')}.`,
  ),
  workers: setting(
    'POSTERN_WORKERS',
    wholeNumber({ min: 1, max: 64, unit: 'processes' }),
    { default: '1' },
    'How many processes share the ports on this machine; a supervisor of its own starts them, where there are more than one.',
  ),
  adminKey: setting(
    'POSTERN_ADMIN_KEY',
    secret(16),
    { secret: true },
    'The first admin key, of at least 16 characters; without it the first start makes one and prints it once.',
  ),

  imapsPort: setting('POSTERN_IMAPS_PORT', port(), { default: '1993' }, 'IMAP on implicit TLS; public port 993.'),
  imapPort: setting(
    'POSTERN_IMAP_PORT',
    port(),
    {},
    'IMAP in clear with STARTTLS, for tests or behind a proxy that ends TLS; there is no such port unless it is set. Passwords are refused on it before TLS.',
  ),
  submissionsPort: setting(
    'POSTERN_SUBMISSIONS_PORT',
    port(),
    { default: '1465' },
    'Submission on implicit TLS; public port 465.',
  ),
  submissionPort: setting(
    'POSTERN_SUBMISSION_PORT',
    port(),
    { default: '1587' },
    'Submission with STARTTLS; public port 587.',
  ),
  mxPort: setting('POSTERN_MX_PORT', port(), { default: '2525' }, 'SMTP from other mail servers; public port 25.'),
  lmtpPort: setting('POSTERN_LMTP_PORT', port(), { default: '2424' }, 'LMTP from a mail server in front of Postern.'),
  lmtpSocket: setting(
    'POSTERN_LMTP_SOCKET',
    text(),
    {},
    'Path of a unix socket that speaks LMTP too, such as one in the queue directory of a Postfix; there is none unless it is set.',
  ),
  lmtpNetworks: setting(
    'POSTERN_LMTP_NETWORKS',
    networks(),
    { default: '127.0.0.0/8, ::1' },
    'Networks of mail servers that may hand over mail by LMTP; it has no login, and believes what it is told.',
  ),
  httpPort: setting(
    'POSTERN_HTTP_PORT',
    port(),
    { default: '8080' },
    'HTTP: API, events, MCP, discovery documents, health, metrics and the console.',
  ),

  tlsCert: setting(
    'POSTERN_TLS_CERT',
    text(),
    {},
    'PEM file with the certificate and its chain, read again when it changes; without it Postern makes its own. Certificates of more domains go to DATA_DIR/tls/domains/NAME/cert.pem and key.pem.',
  ),
  tlsKey: setting('POSTERN_TLS_KEY', text(), {}, 'PEM file with the private key that belongs to POSTERN_TLS_CERT.'),
  proxyNetworks: setting(
    'POSTERN_PROXY_NETWORKS',
    networks(),
    { default: '' },
    'Networks of load balancers that send a PROXY protocol header (v1 or v2); every connection from there must have one.',
  ),
  httpProxyNetworks: setting(
    'POSTERN_HTTP_PROXY_NETWORKS',
    networks(),
    { default: '' },
    'Networks of proxies in front of POSTERN_HTTP_PORT that put the address of each client at the end of X-Forwarded-For; from elsewhere that field is not believed.',
  ),
  tlsProxyNetworks: setting(
    'POSTERN_TLS_PROXY_NETWORKS',
    networks(),
    { default: '' },
    'Networks of proxies that end TLS in front of POSTERN_IMAP_PORT: logins from there need no STARTTLS. What a PROXY v2 header says of the way to the proxy goes before it.',
  ),

  dnsServers: setting(
    'POSTERN_DNS_SERVERS',
    dnsServers(),
    { default: '' },
    'Name servers to ask, such as 192.0.2.53 or [2001:db8::53]:5353; without it those of the system.',
  ),

  redisUrl: setting(
    'POSTERN_REDIS_URL',
    redisUrl(),
    { secret: true },
    'Redis for events and counters that several processes share: redis://host, redis+sentinel://host,host/name or redis+cluster://host,host, rediss with TLS. A CA of your own goes into NODE_EXTRA_CA_CERTS.',
  ),
  litestream: setting(
    'POSTERN_LITESTREAM',
    trueOrFalse(),
    { default: 'false' },
    'Litestream copies the database as it changes, and alone carries its WAL over: true or false, the same for all processes and commands of the data folder.',
  ),
  databaseUrl: setting(
    'POSTERN_DATABASE_URL',
    url('postgres', 'postgresql'),
    { secret: true },
    'PostgreSQL in place of the embedded SQLite database.',
  ),
  blobUrl: setting('POSTERN_BLOB_URL', url('s3'), { secret: true }, 'S3 bucket for message bytes in place of files.'),

  connectionsMax: setting(
    'POSTERN_CONNECTIONS_MAX',
    wholeNumber({ min: 1, max: 1_000_000, unit: 'connections' }),
    { default: '10000' },
    'Connections that one listener holds open at a time; more are told that the server is busy.',
  ),
  connectionsPerAddressMax: setting(
    'POSTERN_CONNECTIONS_PER_ADDRESS_MAX',
    wholeNumber({ min: 1, max: 1_000_000, unit: 'connections' }),
    { default: '500' },
    'Connections that one listener holds open for one client address (for IPv6 one /64 network).',
  ),
  oauthIssuers: setting(
    'POSTERN_OAUTH_ISSUERS',
    tokenIssuers(),
    { default: '' },
    'Issuers whose tokens (JWT) open mailboxes by XOAUTH2 and OAUTHBEARER: a JSON list of {"issuer", "audience", "jwks", "claim", "domains"}; jwks is an https URL or a file, claim names the address ("email" if left out), domains are those whose addresses the issuer may name (all if left out).',
  ),
  auditDays: setting(
    'POSTERN_AUDIT_DAYS',
    wholeNumber({ min: 1, max: 36_500, unit: 'days' }),
    { default: '90' },
    'How long the audit log keeps its rows, refused logins among them.',
  ),
  imapSessionsPerInboxMax: setting(
    'POSTERN_IMAP_SESSIONS_PER_INBOX_MAX',
    wholeNumber({ min: 1, max: 100_000, unit: 'sessions' }),
    { default: '50' },
    'IMAP sessions that one inbox has at a time; one more is told that there are too many.',
  ),
  imapLoginTimeoutMs: setting(
    'POSTERN_IMAP_LOGIN_TIMEOUT_MS',
    wholeNumber({ min: 1_000, max: 3_600_000, unit: 'milliseconds' }),
    { default: '60000' },
    'How long an IMAP client may take to log in before it is sent away.',
  ),
  imapIdleTimeoutMs: setting(
    'POSTERN_IMAP_IDLE_TIMEOUT_MS',
    wholeNumber({ min: 1_800_000, max: 86_400_000, unit: 'milliseconds' }),
    { default: '1860000' },
    'How long an IMAP client may say nothing, in IDLE or not; the protocol grants it half an hour at least.',
  ),
  messageBytesMax: setting(
    'POSTERN_MESSAGE_BYTES_MAX',
    wholeNumber({ min: 65_536, max: 1_073_741_824, unit: 'bytes' }),
    { default: '104857600' },
    'Bytes of the largest message that a mailbox takes; mail clients are told it as APPENDLIMIT.',
  ),
  route: setting(
    'POSTERN_ROUTE',
    route(),
    { default: 'none', secret: true },
    'How mail to other servers leaves, where neither the sending inbox nor its domain has a route: none (such mail is refused), direct, smtp://user:password@host:587 (STARTTLS required; ?tls=offered or ?tls=none weaken it), smtps://user:password@host:465, ses://ACCESS_KEY:SECRET@region, resend://API_KEY. Special characters of a user name or password are percent-encoded.',
  ),
  submissionBytesMax: setting(
    'POSTERN_SUBMISSION_BYTES_MAX',
    wholeNumber({ min: 1_024, max: 1_073_741_824, unit: 'bytes' }),
    { default: '10485760' },
    'Bytes of the largest message that may be sent, where no rule of a tenant, domain, inbox or credential says otherwise, and as far as POSTERN_MESSAGE_BYTES_MAX lets mailboxes take it.',
  ),
  submissionRecipientsMax: setting(
    'POSTERN_SUBMISSION_RECIPIENTS_MAX',
    wholeNumber({ min: 1, max: 1_000, unit: 'recipients' }),
    { default: '50' },
    'Recipients of one message, where no such rule says otherwise; one more is told to be sent another time.',
  ),
  submissionSessionMs: setting(
    'POSTERN_SUBMISSION_SESSION_MS',
    wholeNumber({ min: 1_000, max: 86_400_000, unit: 'milliseconds' }),
    { default: '1800000' },
    'How long a submission session may last, where no such rule says otherwise.',
  ),
  submissionLoginTimeoutMs: setting(
    'POSTERN_SUBMISSION_LOGIN_TIMEOUT_MS',
    wholeNumber({ min: 1_000, max: 3_600_000, unit: 'milliseconds' }),
    { default: '60000' },
    'How long a submission client may take to log in before it is sent away.',
  ),
  submissionIdleTimeoutMs: setting(
    'POSTERN_SUBMISSION_IDLE_TIMEOUT_MS',
    wholeNumber({ min: 1_000, max: 3_600_000, unit: 'milliseconds' }),
    { default: '300000' },
    'How long a submission client may say nothing; the protocol grants it five minutes.',
  ),
  showClientAddress: setting(
    'POSTERN_SHOW_CLIENT_ADDRESS',
    trueOrFalse(),
    { default: 'false' },
    "Whether a sent message tells its recipients the sender's network address, where no such rule says otherwise: true or false.",
  ),
  sendingPerHour: setting(
    'POSTERN_SENDING_PER_HOUR',
    wholeNumber({ min: 1, max: 1_000_000_000, unit: 'recipients' }),
    {},
    'Recipients that a credential, and that an inbox, may send to within an hour, where no rule of its own says otherwise; without it there is no such limit.',
  ),
  sendingPerDay: setting(
    'POSTERN_SENDING_PER_DAY',
    wholeNumber({ min: 1, max: 1_000_000_000, unit: 'recipients' }),
    {},
    'The same within a day.',
  ),
  mxBytesMax: setting(
    'POSTERN_MX_BYTES_MAX',
    wholeNumber({ min: 65_536, max: 1_073_741_824, unit: 'bytes' }),
    { default: '52428800' },
    'Bytes of the largest message that is taken from other servers, as far as POSTERN_MESSAGE_BYTES_MAX lets mailboxes take it.',
  ),
  mxRecipientsMax: setting(
    'POSTERN_MX_RECIPIENTS_MAX',
    wholeNumber({ min: 100, max: 1_000, unit: 'recipients' }),
    { default: '100' },
    'Recipients of one message from another server; one more is told to be sent another time.',
  ),
  mxSessionMs: setting(
    'POSTERN_MX_SESSION_MS',
    wholeNumber({ min: 1_000, max: 86_400_000, unit: 'milliseconds' }),
    { default: '1800000' },
    'How long a session of another server may last.',
  ),
  mxIdleTimeoutMs: setting(
    'POSTERN_MX_IDLE_TIMEOUT_MS',
    wholeNumber({ min: 1_000, max: 3_600_000, unit: 'milliseconds' }),
    { default: '300000' },
    'How long another server may say nothing; the protocol grants it five minutes.',
  ),
  mxTrustedNetworks: setting(
    'POSTERN_MX_TRUSTED_NETWORKS',
    networks(),
    { default: '127.0.0.0/8, ::1' },
    'Networks whose servers are not counted, greylisted, or looked for in blocklists, and whose mail is not judged unless POSTERN_JUDGE_FRONTS says so.',
  ),
  judgeFronts: setting(
    'POSTERN_JUDGE_FRONTS',
    trueOrFalse(),
    { default: 'false' },
    'Whether DKIM, ARC and DMARC are looked at in what servers in front hand over, by LMTP or from POSTERN_MX_TRUSTED_NETWORKS: true or false.',
  ),
  arcTrusted: setting(
    'POSTERN_ARC_TRUSTED',
    hostNames(),
    { default: '' },
    'Domains, such as those of mailing lists, whose ARC seal outweighs a failure of DMARC where they saw the message pass.',
  ),
  rspamdUrl: setting(
    'POSTERN_RSPAMD_URL',
    url('http', 'https'),
    {},
    'An rspamd that is asked about mail from other servers, such as http://127.0.0.1:11333; without an answer the message goes on.',
  ),
  sinkAllowPrivate: setting(
    'POSTERN_SINK_ALLOW_PRIVATE',
    networks(),
    { default: '' },
    'Private networks, or addresses of this machine, that the sink of a domain in mode zero-retention may be in; none unless set.',
  ),
  mxConnectionsPerMinute: setting(
    'POSTERN_MX_CONNECTIONS_PER_MINUTE',
    wholeNumber({ min: 0, max: 1_000_000, unit: 'connections' }),
    { default: '300' },
    'Connections that one client network makes within a minute; more are told to come later. 0 counts none.',
  ),
  mxMessagesPerMinute: setting(
    'POSTERN_MX_MESSAGES_PER_MINUTE',
    wholeNumber({ min: 0, max: 1_000_000, unit: 'messages' }),
    { default: '600' },
    'Messages that one client network begins within a minute. 0 counts none.',
  ),
  mxUnknownPerHour: setting(
    'POSTERN_MX_UNKNOWN_PER_HOUR',
    wholeNumber({ min: 0, max: 1_000_000, unit: 'recipients' }),
    { default: '200' },
    'Recipients who are not here that one client network names within an hour; then it is turned away. 0 counts none.',
  ),
  greylistMs: setting(
    'POSTERN_GREYLIST_MS',
    wholeNumber({ min: 0, max: 86_400_000, unit: 'milliseconds' }),
    { default: '0' },
    'How long a sender whom no recipient knows yet is told to come back later; 0 turns greylisting off.',
  ),
  blocklists: setting(
    'POSTERN_BLOCKLISTS',
    hostNames(),
    { default: '' },
    'Blocklists in the DNS: servers that one of them lists are refused. None unless set; a list that does not answer lists nobody.',
  ),
  drainMs: setting(
    'POSTERN_DRAIN_MS',
    wholeNumber({ min: 0, max: 3_600_000, unit: 'milliseconds' }),
    { default: '6000' },
    'How long a stopping server says goodbye to its clients and lets them finish, before it closes what is left. All is over three seconds later: let what stops it (docker: stop_grace_period) wait so long.',
  ),
  drainNoticeMs: setting(
    'POSTERN_DRAIN_NOTICE_MS',
    wholeNumber({ min: 0, max: 600_000, unit: 'milliseconds' }),
    { default: '0' },
    'Of that time, how long the doors stay open at first and tell who comes that the server is going down, for a balancer that needs a while to notice /readyz; with 0 they close at once.',
  ),
  logLevel: setting(
    'POSTERN_LOG_LEVEL',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    { default: 'info' },
    'The least severe log lines to write: fatal, error, warn, info, debug, trace, or silent for none.',
  ),
} as const satisfies Record<string, Setting>

type Table = typeof settings
type Value<S> =
  S extends Setting<infer Schema>
    ? S extends { readonly default: string }
      ? z.output<Schema>
      : z.output<Schema> | undefined
    : never

/** What load() returns: one frozen field per setting; those without a default may be undefined. */
export type Config = { readonly [Field in keyof Table]: Value<Table[Field]> }

export interface Mistake {
  /** The variable, or the place in the file, that's wrong. */
  readonly name: string
  readonly wrong: string
  readonly fix: string
}

/** The port of each listener. */
const portFields = [
  'imapsPort',
  'imapPort',
  'submissionsPort',
  'submissionPort',
  'mxPort',
  'lmtpPort',
  'httpPort',
] as const

/** Mistakes that only show when settings are seen together. */
export function combinations(config: Partial<Config>): Mistake[] {
  const mistakes: Mistake[] = []
  const pair = [settings.tlsCert.name, settings.tlsKey.name] as const
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    const [set, missing] = config.tlsCert === undefined ? [pair[1], pair[0]] : pair
    mistakes.push({
      name: missing,
      wrong: `is not set, but ${set} is`,
      fix: `Set both to the PEM files of one certificate, or neither to let Postern make its own.`,
    })
  }
  for (const [index, field] of portFields.entries()) {
    const number = config[field]
    const earlier = portFields.slice(0, index).find((other) => number && config[other] === number)
    if (!earlier) continue
    mistakes.push({
      name: settings[field].name,
      wrong: `is ${number}, the same as ${settings[earlier].name}`,
      fix: `Give each listener a port of its own; ${defaultOf(settings[field])}.`,
    })
  }
  const { drainMs, drainNoticeMs } = config
  if (drainMs !== undefined && drainNoticeMs !== undefined && drainNoticeMs > 0 && drainNoticeMs >= drainMs)
    mistakes.push({
      name: settings.drainNoticeMs.name,
      wrong: `is ${drainNoticeMs}, and nothing of ${settings.drainMs.name} (${drainMs}) is left to say goodbye in`,
      fix: `Give ${settings.drainMs.name} some seconds more than that.`,
    })
  if (config.route !== undefined && leadsToItself(config.route, config))
    mistakes.push({
      name: settings.route.name,
      wrong: 'leads to a listener of this gateway, and mail would go round in a circle',
      fix: 'Name the host that takes mail for other servers.',
    })
  return mistakes
}

/** Whether mail that takes this route would come back in by a door of its own. */
export function leadsToItself(route: Route, config: Partial<Config>): boolean {
  if (route.kind !== 'smart-host') return false
  const { bind = '', hostname } = config
  const isHere = loopback.test(route.host)
    ? loopback.test(bind) || ['0.0.0.0', '::'].includes(bind)
    : route.host === bind || route.host === hostname
  return isHere && portFields.some((field) => config[field] === route.port)
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|::1)$/

const defaultOf = (one: Setting): string =>
  one.default ? `the default here is ${one.default}` : 'this one may be unset'
