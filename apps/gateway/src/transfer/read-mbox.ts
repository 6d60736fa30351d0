// One mbox file, or what is piped in, as messages (RFC 4155 and its older relatives). `mbox-scanner.ts` finds where they begin,
// `mbox-fields.ts` reads the flags; here the text is unquoted and gets its line ends.

import { open } from 'node:fs/promises'
import type { Arrival, ArrivingMessage } from './arriving.js'
import { dateOfFromLine, dateOfHeader } from './dates.js'
import { FromLines, unquotingO, unquotingRd } from './from-quoting.js'
import { heldBytesMax, mbox } from './limits.js'
import { ToCrLf } from './line-ends.js'
import { type MboxHeader, readMboxHeader } from './mbox-fields.js'
import { MboxScanner, type MboxStart, NoMbox } from './mbox-scanner.js'

export const quotings = ['mboxrd', 'mboxo', 'none'] as const
export type Quoting = (typeof quotings)[number]

export interface MboxOptions {
  /** As it's told where something fails. */
  readonly name: string
  readonly quoting: Quoting
}

/** A file that can be looked at elsewhere than where it's being read. */
type Peek = (offset: number, bytes: Uint8Array) => Promise<number>

export async function* readMboxFile(path: string, options: MboxOptions): AsyncGenerator<Arrival> {
  const file = await open(path, 'r')
  try {
    const pieces = file.createReadStream({ highWaterMark: mbox.pieceBytes, autoClose: false })
    const peek: Peek = async (offset, bytes) => (await file.read(bytes, 0, bytes.length, offset)).bytesRead
    yield* readMbox(pieces, { ...options, peek })
  } finally {
    await file.close()
  }
}

export async function* readMbox(
  pieces: AsyncIterable<Uint8Array>,
  { name, quoting, peek }: MboxOptions & { readonly peek?: Peek },
): AsyncGenerator<Arrival> {
  const scanner = new MboxScanner(pieces)
  try {
    for (let start = await scanner.next(); start !== undefined; start = await scanner.next()) {
      const place = `${name}, byte ${start.offset}`
      const header = readMboxHeader(await scanner.header())
      const vouched = await vouchedFor(scanner, header, peek)
      if (header.passOver !== undefined) yield { kind: 'passed-over', place, why: header.passOver }
      else {
        const own = header.own === undefined ? quoting : 'mboxrd'
        const text = textOf(scanner, { start, header, quoting: vouched === 'unquoted' ? 'none' : own })
        yield { kind: 'message', message: await message({ place, start, header, text }) }
      }
    }
  } catch (error) {
    if (!(error instanceof NoMbox)) throw error
    yield { kind: 'failed', place: name, why: error.message }
  } finally {
    await scanner.close()
  }
}

/** A Content-Length is right where a From line or the file's end is behind what it counts. */
async function vouchedFor(
  scanner: MboxScanner,
  { contentLength, own }: MboxHeader,
  peek: Peek | undefined,
): Promise<'unquoted' | 'quoted' | undefined> {
  if (contentLength === undefined || own !== undefined || peek === undefined) return undefined
  const end = scanner.offset + contentLength
  const behind = Buffer.alloc(16)
  const length = await peek(end, behind)
  const next = behind.toString('latin1', 0, length)
  if (length === 0 ? !(await reaches(peek, end)) : !/^(?:\r?\n){0,2}(?:From |$)/.test(next)) return undefined
  scanner.protect(end)
  return (await hasFromLine(peek, { start: scanner.offset, end })) ? 'unquoted' : 'quoted'
}

const reaches = async (peek: Peek, end: number): Promise<boolean> => (await peek(end - 1, Buffer.alloc(1))) === 1

async function hasFromLine(peek: Peek, { start, end }: { start: number; end: number }): Promise<boolean> {
  const room = Buffer.alloc(mbox.pieceBytes)
  // With the line end before the text.
  for (let at = start - 1; at < end; ) {
    const length = Math.min(await peek(at, room), end - at)
    if (length <= 0) return false
    if (room.subarray(0, length).includes('\nFrom ')) return true
    if (at + length >= end) return false
    at += Math.max(1, length - 6)
  }
  return false
}

interface Text {
  readonly start: MboxStart
  readonly header: MboxHeader
  readonly quoting: Quoting
}

/** The whole message, as mail has it. In our own export the lines of the header may be quoted, too. */
async function* textOf(scanner: MboxScanner, { start, header, quoting }: Text): AsyncGenerator<Uint8Array> {
  const { own } = header
  const lines = quoting === 'none' ? undefined : new FromLines(quoting === 'mboxo' ? unquotingO : unquotingRd)
  const ends = start.isCrLf || own?.isExact ? undefined : new ToCrLf()
  const asMail = (bytes: Uint8Array): Uint8Array => ends?.piece(bytes) ?? bytes
  let last: Uint8Array = own === undefined ? header.header : (lines?.piece(header.header) ?? header.header)
  for (let piece = await scanner.read(); piece !== undefined; piece = await scanner.read()) {
    yield asMail(last)
    last = lines?.piece(piece) ?? piece
  }
  const rest = Buffer.concat([last, lines?.piece(Buffer.alloc(0), true) ?? Buffer.alloc(0)])
  // Our own export put a line end behind a text that has none.
  yield asMail(own?.isUnended ? withoutEnd(rest) : rest)
}

const withoutEnd = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 1)

interface Found {
  readonly place: string
  readonly start: MboxStart
  readonly header: MboxHeader
  readonly text: AsyncGenerator<Uint8Array>
}

async function message({ place, start, header, text }: Found): Promise<ArrivingMessage> {
  const internalDate = dateOfFromLine(start.line) ?? dateOfHeader(header.header)
  const held: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { value, done } = await text.next()
    if (done) return { place, flags: header.flags, internalDate, bytes: Buffer.concat(held) }
    held.push(value)
    size += value.length
    if (size > heldBytesMax) return { place, flags: header.flags, internalDate, bytes: continued(held, text) }
  }
}

async function* continued(held: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* held
  yield* rest
}
