// Another IMAP server as a source. Of each mailbox the uids are asked for, then, some thousand at a time, flags, sizes and dates; only
// what wasn't brought before is fetched: small messages many at a time, large ones in pieces. Nothing is changed there.

import { Failure } from '@postern/service'
import type { FetchMessageObject, ImapFlowError } from 'imapflow'
import type { Arrival, ArrivingMailbox, BroughtBefore, Failed, MailSource } from './arriving.js'
import { flagsOfWords, flagsText } from './flag-words.js'
import { ImapConnection, type ImapLogin } from './imap-connection.js'
import { type Choice, chooseMailboxes, type ListedMailbox } from './imap-mailboxes.js'
import { imap } from './limits.js'

export function readImap(options: ImapLogin & Choice): MailSource {
  const connection = new ImapConnection(options)
  return {
    async *mailboxes() {
      const { mailboxes, passedOver, missing } = await connection.ask((client) => chooseMailboxes(client, options))
      if (missing.length > 0)
        throw new Failure('source_refused', `${connection.place} has no mailbox ${missing.join(', ')}.`, {
          fix: 'Name it as that server does: without --mailbox and with --dry-run all are listed.',
        })
      for (const { path, why } of passedOver) yield { kind: 'passed-over', place: path, why }
      for (const listed of mailboxes)
        yield await mailbox(connection, { listed, source: sourceOf(options, listed.path) })
    },
    close: () => connection.close(),
  }
}

/** The same for the same mailbox, whichever way it's reached. */
function sourceOf({ host, port, user }: ImapLogin, path: string): string {
  const place = port === 993 || port === 143 ? host.toLowerCase() : `${host.toLowerCase()}:${port}`
  return `imap://${encodeURIComponent(user)}@${place}/${path}`
}

async function mailbox(
  connection: ImapConnection,
  { listed, source }: { listed: ListedMailbox; source: string },
): Promise<ArrivingMailbox | Failed> {
  const { path, name, specialUse, isSubscribed } = listed
  const uidValidity = await connection
    .in(path, async ({ mailbox: open }) => Number(open === false ? 0 : open.uidValidity))
    .catch((error: ImapFlowError) => refusedOrThrow(error))
  if (typeof uidValidity === 'string') return { kind: 'failed', place: path, why: `the server said: ${uidValidity}` }
  const origin = { source, uidValidity }
  return { name, specialUse, isSubscribed, origin, arrivals: (before) => arrivals(connection, { listed, before }) }
}

type Look = Pick<FetchMessageObject, 'uid' | 'flags' | 'internalDate' | 'size' | 'labels'>

async function* arrivals(
  connection: ImapConnection,
  { listed, before }: { listed: ListedMailbox; before: BroughtBefore },
): AsyncGenerator<Arrival> {
  const { path, isRest } = listed
  const all = await connection.in(path, async (client) => {
    // A search in an empty mailbox is refused by some servers.
    if (client.mailbox !== false && client.mailbox.exists === 0) return []
    return (await client.search({ all: true }, { uid: true })) || []
  })
  const uids = all.sort((a, b) => a - b)
  for (let at = 0; at < uids.length; at += imap.windowMessages) {
    const window = uids.slice(at, at + imap.windowMessages)
    const brought = new Map(
      (await before({ from: window[0] as number, to: window.at(-1) as number })).map((one) => [one.sourceUid, one]),
    )
    const looks = await connection.in(path, (client) =>
      client.fetchAll(
        rangeOf(window),
        { uid: true, flags: true, internalDate: true, size: true, labels: isRest },
        { uid: true },
      ),
    )
    const fresh: Look[] = []
    for (const look of inOrder(looks)) {
      const known = brought.get(look.uid)
      const flags = flagsOfWords(look.flags ?? [])
      if (known === undefined) {
        if (!isRest || !hasMailbox(look)) fresh.push(look)
      } else if (flagsText(flags) !== known.seenFlags) yield { kind: 'flags', brought: known, flags }
    }
    yield* messages(connection, { path, fresh })
  }
}

/** Each uid once, ascending: a server may tell of a message twice. */
function inOrder<Message extends { readonly uid: number }>(told: readonly Message[]): Message[] {
  return [...new Map(told.map((one) => [one.uid, one])).values()].sort((a, b) => a.uid - b.uid)
}

/** Gmail: a message with such a label is in that mailbox, and comes from there. */
const hasMailbox = ({ labels }: Look): boolean =>
  [...(labels ?? [])].some((label) => !['\\important', '\\starred', '\\muted'].includes(label.toLowerCase()))

/** `1:3,7`. */
function rangeOf(uids: readonly number[]): string {
  const ranges: string[] = []
  for (let i = 0; i < uids.length; i++) {
    const first = i
    while (uids[i + 1] === (uids[i] as number) + 1) i++
    ranges.push(first === i ? String(uids[i]) : `${uids[first]}:${uids[i]}`)
  }
  return ranges.join(',')
}

async function* messages(
  connection: ImapConnection,
  { path, fresh }: { path: string; fresh: readonly Look[] },
): AsyncGenerator<Arrival> {
  for (let at = 0; at < fresh.length; ) {
    const group = groupAt(fresh, at)
    at += group.length
    const [first] = group as [Look]
    if ((first.size ?? 0) > imap.wholeBytesMax) yield arrival(path, first, pieces(connection, { path, uid: first.uid }))
    else yield* whole(connection, { path, group })
  }
}

/** As many small ones as go together, or a large one alone. */
function groupAt(fresh: readonly Look[], at: number): readonly Look[] {
  let [end, bytes] = [at, 0]
  while (end < fresh.length && end - at < imap.fetchMessagesMax && bytes < imap.fetchBytesMax) {
    const size = fresh[end]?.size ?? 0
    if (size > imap.wholeBytesMax) break
    bytes += size
    end++
  }
  return fresh.slice(at, Math.max(end, at + 1))
}

interface Group {
  readonly path: string
  readonly group: readonly Look[]
}

async function* whole(connection: ImapConnection, { path, group }: Group): AsyncGenerator<Arrival> {
  const texts = new Map<number, Buffer | undefined>()
  const refused = await fetchTexts(connection, { path, group, texts })
  for (const look of group) {
    const text = texts.get(look.uid)
    if (text !== undefined) yield arrival(path, look, text)
    // One that was expunged meanwhile is no failure.
    else if (texts.has(look.uid))
      yield { kind: 'failed', place: placeOf(path, look), why: 'the server does not give its text' }
    else if (refused !== undefined && group.length > 1) yield* whole(connection, { path, group: [look] })
    else if (refused !== undefined)
      yield { kind: 'failed', place: placeOf(path, look), why: `the server said: ${refused}` }
  }
}

/** What has come before a connection was lost needn't come again. Answers what the server refuses them with. */
async function fetchTexts(
  connection: ImapConnection,
  { path, group, texts }: Group & { readonly texts: Map<number, Buffer | undefined> },
): Promise<string | undefined> {
  try {
    await connection.in(path, async (client) => {
      const missing = group.map(({ uid }) => uid).filter((uid) => !texts.has(uid))
      if (missing.length === 0) return
      for await (const { uid, source } of client.fetch(rangeOf(missing), { uid: true, source: true }, { uid: true })) {
        texts.set(uid, source)
        connection.progressed()
      }
    })
    return undefined
  } catch (error) {
    return refusedOrThrow(error as ImapFlowError)
  }
}

/** One message that the server can't read shall not hold up the others. */
function refusedOrThrow(error: ImapFlowError): string {
  if (error instanceof Failure || (error.responseStatus !== 'NO' && error.responseStatus !== 'BAD')) throw error
  return error.responseText ?? error.message
}

async function* pieces(
  connection: ImapConnection,
  { path, uid }: { path: string; uid: number },
): AsyncGenerator<Uint8Array> {
  for (let start = 0; ; ) {
    const found = await connection.in(path, (client) =>
      client.fetchOne(uid, { uid: true, source: { start, maxLength: imap.pieceBytes } }, { uid: true }),
    )
    const piece = found ? found.source : undefined
    if (piece === undefined)
      throw new Failure('source_refused', `${placeOf(path, { uid })} went away while it was fetched.`, {
        fix: 'Import again: it goes on from there.',
      })
    if (piece.length > 0) yield piece
    if (piece.length < imap.pieceBytes) return
    start += piece.length
  }
}

const placeOf = (path: string, { uid }: Pick<Look, 'uid'>): string => `${path}, uid ${uid}`

function arrival(path: string, look: Look, bytes: Uint8Array | AsyncIterable<Uint8Array>): Arrival {
  const at = look.internalDate === undefined ? Number.NaN : new Date(look.internalDate).getTime() / 1000
  const internalDate = Number.isFinite(at) ? Math.max(0, Math.floor(at)) : undefined
  return {
    kind: 'message',
    message: {
      place: placeOf(path, look),
      flags: flagsOfWords(look.flags ?? []),
      internalDate,
      bytes,
      sourceUid: look.uid,
    },
  }
}
