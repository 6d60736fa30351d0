// What a start says to the person who started it: where things are, and, on the first start, the secrets that are shown
// this once. It names only doors that are open.

import type { FirstStart } from './first-start.js'
import { version } from './version.js'

export interface Announcement {
  readonly version: string
  readonly health: string
  /** Where a mail client reads: host and port, implicit TLS. */
  readonly imap: { readonly host: string; readonly port: number } | undefined
  /** The port that begins in clear, where there's one. */
  readonly imapInClear: { readonly host: string; readonly port: number } | undefined
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
  readonly imapsPort: number | undefined
  readonly imapPort: number | undefined
  readonly httpPort: number
  readonly dataFolder: string
  readonly caFile: string | undefined
}

export function announcement(places: Places, first: FirstStart | undefined): Announcement {
  const doorAt = (port: number | undefined) => (port === undefined ? undefined : { host: places.hostname, port })
  return {
    version,
    health: `http://${hostInUrl(places.host)}:${places.httpPort}/readyz`,
    imap: doorAt(places.imapsPort),
    imapInClear: doorAt(places.imapPort),
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
    'This version can be read by any mail client; sending and receiving come next.',
    '',
  ]
}

const row = (name: string, value: string): string => `  ${name.padEnd(13)}${value}`
