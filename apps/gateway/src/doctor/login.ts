// A login round trip, as a mail client makes it: with a password that lives as long as the check, through the doors that are
// open. A password that a killed doctor left ends by itself, and the next one takes it away.

import type { Credential, Directory, Inbox } from '@postern/mailbox-store'
import type { OpenStore } from '../cli/existing-store.js'
import { mint } from '../cli/minting.js'
import { operator as by } from '../cli/operator.js'
import { doctor as limits } from '../limits.js'
import { everyItem } from '../pages.js'
import type { RunningGateway } from '../running.js'
import { caOf } from './certificate.js'
import { Conversation, imapLogin, type LoginTry, smtpLogin } from './conversation.js'
import { placeOf } from './doors.js'
import { broken, type Finding, ok, skipped } from './finding.js'
import { reachSecurely } from './reach.js'

const label = 'postern doctor, for this check only'

const roundTrips = [
  { check: 'IMAP login', door: 'imaps', login: imapLogin },
  { check: 'SMTP login', door: 'submissions', login: smtpLogin },
] as const

export interface LoginCheck {
  readonly open: OpenStore
  readonly gateways: readonly RunningGateway[]
  /** Undefined: any that can be logged into. */
  readonly inbox: Inbox | undefined
  readonly now: number
}

export async function checkLogins({ open, gateways, inbox, now }: LoginCheck): Promise<Finding[]> {
  const doors = roundTrips.map((trip) => ({ ...trip, place: placeOf(trip.door, gateways) }))
  if (doors.every(({ place }) => place === undefined))
    return doors.map(({ check }) => skipped(check, 'Not running: there is no door to log in at.'))
  const chosen = inbox ?? (await anyInbox(open.store.directory))
  if (chosen === undefined) {
    const fix = 'Make one in a verified domain: `postern inbox create <address>`.'
    return doors.map(({ check }) => skipped(check, 'There is no inbox that could be logged into.', fix))
  }
  return withPassword(open, { inbox: chosen, now }, (secret) =>
    Promise.all(
      doors.map(async ({ check, place, login }) => {
        if (place === undefined) return skipped(check, 'Not running: there is no door to log in at.')
        const options = { ca: await caOf(open), name: open.config.hostname, timeoutMs: limits.loginTimeoutMs }
        const startedMs = performance.now()
        const trouble = await tryLogin(() => reachSecurely(place, options), { login, user: chosen.address, secret })
        const ms = Math.round(performance.now() - startedMs)
        if (trouble === undefined) return ok(check, `${chosen.address} came in, in ${ms} ms.`)
        return broken(check, `${chosen.address} did not come in: ${trouble}.`, await whatToDo(open, chosen))
      }),
    ),
  )
}

async function tryLogin(
  reached: () => ReturnType<typeof reachSecurely>,
  { login, ...attempt }: LoginTry & { login: typeof imapLogin },
): Promise<string | undefined> {
  try {
    const socket = await reached()
    try {
      return (await login(new Conversation(socket), attempt))?.trim()
    } finally {
      socket.destroy()
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function whatToDo({ store: { directory } }: OpenStore, inbox: Inbox): Promise<string> {
  const { name, verifiedAt, mode } = await directory.getDomain(inbox.domain)
  if (verifiedAt === undefined) return `Verify its domain: \`postern domain verify ${name}\`.`
  if (mode === 'zero-retention') return 'Its domain keeps no mail: name another inbox with --inbox.'
  if (inbox.disabled) return `Enable it: \`postern inbox enable ${inbox.address}\`.`
  return `The true cause is in \`postern audit list --object ${inbox.address}\` and in the gateway's log.`
}

async function anyInbox(directory: Directory): Promise<Inbox | undefined> {
  for await (const { id, verifiedAt, mode } of everyItem((page) => directory.listDomains(page))) {
    if (verifiedAt === undefined || mode === 'zero-retention') continue
    for await (const inbox of everyItem((page) => directory.listInboxes({ domain: id, ...page })))
      if (!inbox.disabled) return inbox
  }
  return undefined
}

/** The password is gone when this is done, however it ends. */
async function withPassword<Result>(
  open: OpenStore,
  { inbox, now }: { inbox: Inbox; now: number },
  work: (secret: string) => Promise<Result>,
): Promise<Result> {
  const { directory } = open.store
  await removeLeftOvers(directory, inbox)
  const { secret, publicPart, hash } = await mint(open, 'app')
  const made: Credential = await directory.createCredential({
    ...({ kind: 'app', scopes: ['imap', 'smtp'] } as const),
    ...{ environment: inbox.environment, inbox: inbox.id, label, secret: { publicPart, hash }, by },
    expiresAt: now + limits.passwordMs,
  })
  try {
    return await work(secret)
  } finally {
    await directory.deleteCredential(made.id, { by })
  }
}

async function removeLeftOvers(directory: Directory, inbox: Inbox): Promise<void> {
  for await (const one of everyItem((page) => directory.listCredentials({ inbox: inbox.id, ...page })))
    if (one.label === label && (one.expiresAt ?? 0) < Date.now()) await directory.deleteCredential(one.id, { by })
}
