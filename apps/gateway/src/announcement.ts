// What a start says to the person who started it: where things are, and, on the first start, the secrets that are shown
// this once. It names only doors that are open.

import type { FirstStart } from './first-start.js'
import type { Ports } from './running.js'
import { version } from './version.js'

export interface Announcement {
  readonly version: string
  readonly health: string
  /** Where a mail client reads: host and port, implicit TLS. */
  readonly imap: { readonly host: string; readonly port: number } | undefined
  /** The port that begins in clear, where there's one. */
  readonly imapInClear: { readonly host: string; readonly port: number } | undefined
  /** Where a mail client sends: implicit TLS. */
  readonly smtp: { readonly host: string; readonly port: number } | undefined
  /** The same with STARTTLS. */
  readonly smtpStartTls: { readonly host: string; readonly port: number } | undefined
  /** Where other servers bring mail. */
  readonly mx: { readonly host: string; readonly port: number } | undefined
  /** Where a mail server of one's own hands it over. */
  readonly lmtp: { readonly host: string; readonly port: number } | undefined
  readonly dataFolder: string
  /** Present when the certificate is self-made. */
  readonly caFile: string | undefined
  readonly firstStart:
    | {
        readonly inbox: string
        readonly password: string | undefined
        readonly adminKey: string | undefined
      }
    | undefined
}

export interface Places {
  readonly host: string
  readonly hostname: string
  readonly ports: Ports
  readonly dataFolder: string
  readonly caFile: string | undefined
}

export function announcement(places: Places, first: FirstStart | undefined): Announcement {
  const doorAt = (port: number | undefined) => (port === undefined ? undefined : { host: places.hostname, port })
  return {
    version,
    health: `http://${hostInUrl(places.host)}:${places.ports.http}/readyz`,
    imap: doorAt(places.ports.imaps),
    imapInClear: doorAt(places.ports.imap),
    smtp: doorAt(places.ports.submissions),
    smtpStartTls: doorAt(places.ports.submission),
    mx: doorAt(places.ports.mx),
    lmtp: doorAt(places.ports.lmtp),
    dataFolder: places.dataFolder,
    caFile: places.caFile,
    firstStart: first && { inbox: first.inbox, password: first.password, adminKey: first.adminKey },
  }
}

/** Everything binds there; a browser needs a place to go. */
function hostInUrl(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1'
  if (bind === '::') return '[::1]'
  return bind.includes(':') ? `[${bind}]` : bind
}

export function announcementLines({
  health,
  imap,
  imapInClear,
  smtp,
  smtpStartTls,
  mx,
  lmtp,
  dataFolder,
  caFile,
  firstStart,
}: Announcement): string[] {
  return [
    '',
    `Postern ${version} is running.`,
    '',
    ...(imap ? [row('IMAP', `${imap.host} port ${imap.port}, SSL/TLS  (user name: the full address)`)] : []),
    ...(imapInClear ? [row('', `${imapInClear.host} port ${imapInClear.port}, STARTTLS`)] : []),
    ...(smtp ? [row('SMTP', `${smtp.host} port ${smtp.port}, SSL/TLS  (the same user name and password)`)] : []),
    ...(smtpStartTls ? [row('', `${smtpStartTls.host} port ${smtpStartTls.port}, STARTTLS`)] : []),
    ...(mx ? [row('Mail comes in', `${mx.host} port ${mx.port}, SMTP from other servers`)] : []),
    ...(lmtp ? [row('', `${lmtp.host} port ${lmtp.port}, LMTP from a server in front`)] : []),
    row('Health', health),
    row('Data folder', `${dataFolder}  (all there is to back up: npx postern backup <folder>)`),
    ...(caFile ? [row('CA file', `${caFile}  (mail clients that trust it trust this server)`)] : []),
    '',
    ...(firstStart ? firstStartLines(firstStart) : []),
  ]
}

function firstStartLines({ inbox, password, adminKey }: NonNullable<Announcement['firstStart']>): string[] {
  return [
    'This is the first start. Secrets are shown this once and stored only as hashes:',
    '',
    row('Inbox', inbox),
    row('Password', password ?? 'shown on an earlier try'),
    row('Admin key', adminKey ?? 'the one in POSTERN_ADMIN_KEY'),
    '',
    'Next: put both in your password manager, and see `npx postern --help`.',
    'Any mail client reads and sends with these; mail to other servers needs a route (POSTERN_ROUTE).',
    '',
  ]
}

const row = (name: string, value: string): string => `  ${name.padEnd(15)}${value}`
