// What has to hold for every message, whatever its bytes are: run on the corpus, on mutations and on hostile shapes.
import { expect } from 'vitest'
import {
  type ByteSource,
  bodyOf,
  decodeParts,
  encodeParts,
  type ParsedMessage,
  type ParseOptions,
  type Part,
  type PartOffsets,
  parseMessage,
  preview,
  resolveSection,
  searchHeaders,
  searchText,
} from '../src/index.js'
import { type BodyNode, checkBody, checkEnvelope } from './imap-grammar.js'

export function expectSound(bytes: Uint8Array, options?: ParseOptions): ParsedMessage {
  const parsed = parseMessage(bytes, options)
  expect(parsed.size).toBe(bytes.length)
  expectInside(parsed.root, { start: 0, end: bytes.length })
  expect([parsed.root.headerStart, parsed.root.bodyEnd]).toEqual([0, bytes.length])
  expect(parseMessage(inPieces(bytes), { ...options, pieceBytes: bytes.length < 5000 ? 5 : 4099 })).toEqual(parsed)
  expectAnswers(parsed)
  expectSameTree(decodeParts(encodeParts(parsed)), parsed.root)
  expect(resolveSection(decodeParts(encodeParts(parsed)), [])).toEqual({ start: 0, end: bytes.length })
  expect([...preview(bytes, parsed)].length).toBeLessThanOrEqual(200)
  expect(preview(inPieces(bytes), parsed)).toBe(preview(bytes, parsed))
  for (const { name } of searchHeaders(bytes, parsed)) expect(name).toMatch(/^[^\0- :]+$/)
  for (const text of searchText(bytes, parsed)) expect(typeof text).toBe('string')
  return parsed
}

/** As from a file: what was read last is gone when the next is read. */
function inPieces(bytes: Uint8Array): ByteSource {
  const room = new Uint8Array(bytes.length)
  return {
    length: bytes.length,
    subarray(start, end) {
      room.fill(0x2d)
      room.set(bytes.subarray(start, end))
      return room.subarray(0, end - start)
    },
  }
}

/** A part's bytes lie in its parent's, in order, and no part begins before the one before it has ended. */
function expectInside(part: Part, { start, end }: { start: number; end: number }): void {
  if (
    !(
      start <= part.headerStart &&
      part.headerStart <= part.bodyStart &&
      part.bodyStart <= part.bodyEnd &&
      part.bodyEnd <= end
    )
  ) {
    throw new Error(`part [${part.headerStart}, ${part.bodyStart}, ${part.bodyEnd}) outside of [${start}, ${end})`)
  }
  if (part.lines < 0 || part.lines > part.bodyEnd - part.bodyStart) throw new Error(`${part.lines} lines`)
  let from = part.bodyStart
  for (const child of part.children) {
    expectInside(child, { start: from, end: part.bodyEnd })
    from = child.bodyEnd
  }
  if (part.message !== undefined) expectInside(part.message.root, { start: part.bodyStart, end: part.bodyEnd })
}

function expectAnswers(parsed: ParsedMessage): void {
  checkEnvelope(parsed.envelope, '7bit')
  if (parsed.envelopeUtf8 !== undefined) checkEnvelope(parsed.envelopeUtf8, 'utf8')
  if (parsed.bodyStructureUtf8 !== undefined) checkBody(parsed.bodyStructureUtf8, 'utf8', true)
  checkBody(bodyOf(parsed), '7bit', false)
  expectSameShape(checkBody(parsed.bodyStructure, '7bit', true), parsed.root)
}

function expectSameShape(node: BodyNode, part: Part): void {
  if (node.subtype !== part.subtype && !/[^\x20-\x7e]/.test(part.subtype))
    throw new Error(`${node.subtype} for ${part.subtype}`)
  if (part.children.length === 0) {
    if (node.octets !== part.bodyEnd - part.bodyStart) throw new Error(`${node.octets} octets`)
  } else {
    if (node.children.length !== part.children.length) throw new Error(`${node.children.length} parts`)
    for (const [index, child] of part.children.entries()) expectSameShape(node.children[index]!, child)
  }
}

function expectSameTree(offsets: PartOffsets, part: Part): void {
  const { headerStart, bodyStart, bodyEnd } = offsets
  if (headerStart !== part.headerStart || bodyStart !== part.bodyStart || bodyEnd !== part.bodyEnd) {
    throw new Error(
      `offsets [${headerStart}, ${bodyStart}, ${bodyEnd}) of [${part.headerStart}, ${part.bodyStart}, ${part.bodyEnd})`,
    )
  }
  const children = part.message === undefined ? part.children : [part.message.root]
  if (offsets.children.length !== children.length) throw new Error('children lost')
  for (const [index, child] of children.entries()) expectSameTree(offsets.children[index]!, child)
}
