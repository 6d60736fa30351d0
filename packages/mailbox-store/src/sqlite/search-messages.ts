// The keys of a search that are about messages: those that columns answer (search-fields.ts), and texts. Texts are asked of
// ascending message ids, and the ones that match are marked. They are narrowed by the index where there is one, then compared; what
// the index answers exactly (a needle of three characters or fewer in a whole text) isn't compared again.

import type { FileBlobs } from '../blobs/file-blobs.js'
import { fold } from '../search/fold.js'
import { needleGrams } from '../search/grams.js'
import { type BodyText, fieldText, searchableFields } from '../search/message-text.js'
import type { SearchableField, SearchQuery } from '../search/query.js'
import { FieldSearch, type FieldSearchSources } from './search-fields.js'
import { Narrowing } from './search-narrow.js'
import { mark, union } from './search-sets.js'
import { keepMarked, type Positions } from './search-snapshot.js'

export type MessageQuery = Extract<
  SearchQuery,
  { kind: 'sentDay' | 'emailId' | 'threadId' | SearchableField | 'header' | 'body' | 'text' }
>

export interface MessageSearchSources extends FieldSearchSources {
  readonly blobs: FileBlobs
}

type Check = (message: number) => boolean | Promise<boolean>

export class MessageSearch {
  readonly #sources: MessageSearchSources
  readonly #fields: FieldSearch
  readonly #narrowing: Narrowing

  constructor(sources: MessageSearchSources) {
    this.#sources = sources
    this.#fields = new FieldSearch(sources)
    this.#narrowing = new Narrowing(sources)
  }

  async filter(query: MessageQuery, positions: Positions): Promise<Positions> {
    switch (query.kind) {
      case 'sentDay':
        return this.#fields.sentDay(query, positions)
      case 'emailId':
      case 'threadId':
        return this.#fields.objectId(query.kind, query.id, positions)
      case 'header': {
        const field = searchableFields.find((name) => name === query.name.toLowerCase())
        return field === undefined
          ? this.#marked(positions, (ids) => this.#header(fold(query.name), fold(query.text), ids))
          : this.#fields.field(field, fold(query.text), positions)
      }
      case 'body':
        return this.#marked(positions, (ids) => this.#body(fold(query.text), ids))
      case 'text':
        return this.#marked(positions, (ids) => this.#text(fold(query.text), ids))
      default:
        return this.#fields.field(query.kind, fold(query.text), positions)
    }
  }

  async #marked(positions: Positions, marksOf: (ids: Uint32Array) => Promise<Uint8Array>): Promise<Positions> {
    const { ids, places } = this.#sources.snapshot.messagesAt(positions)
    return keepMarked(positions, await marksOf(ids), places)
  }

  async #header(name: string, needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const { db, reader } = this.#sources
    const marks = new Uint8Array(ids.length)
    // A name is looked up only where there's no text: it is in most headers, a text is in few.
    const { sure, maybe } = await this.#narrowing.narrow(
      'header_gram',
      needleGrams(needle === '' ? `\n${name}: ` : needle),
      ids,
    )
    const candidates = sure.length === 0 ? maybe : union(sure, maybe)
    await this.#verify(marks, ids, candidates, (id) => {
      const header = reader.texts.header(db, id)
      const value = header === undefined ? undefined : fieldText(header.lines, name)
      return value !== undefined && holdsLine(value, needle)
    })
    return marks
  }

  async #body(needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const marks = new Uint8Array(ids.length)
    if (needle === '') return marks.fill(1)
    const { sure, maybe } = await this.#narrowing.narrow('body_gram', needleGrams(needle), ids)
    mark(marks, ids, sure)
    await this.#verify(marks, ids, maybe, (id) => this.#bodyHolds(id, ({ texts }) => hold(texts, needle)))
    return marks
  }

  async #text(needle: string, ids: Uint32Array): Promise<Uint8Array> {
    const { db, reader } = this.#sources
    const marks = new Uint8Array(ids.length)
    if (needle === '') return marks.fill(1)
    const grams = needleGrams(needle)
    const header = await this.#narrowing.narrow('header_gram', grams, ids)
    const body = await this.#narrowing.narrow('body_gram', grams, ids)
    mark(marks, ids, header.sure)
    mark(marks, ids, body.sure)
    const inHeader = (lines: string): boolean => holdsLine(lines, needle)
    const inParts = ({ headers }: BodyText): boolean => headers.some(inHeader)
    await this.#verify(marks, ids, header.maybe, (id) => inHeader(reader.texts.header(db, id)?.lines ?? ''))
    await this.#verify(marks, ids, body.maybe, (id) =>
      this.#bodyHolds(id, (text) => hold(text.texts, needle) || inParts(text)),
    )
    // What is left of those may have it in the header of a part, for which the whole message is read.
    await this.#verify(marks, ids, header.maybe, (id) => this.#bodyHolds(id, inParts))
    return marks
  }

  #bodyHolds(id: number, holds: (body: BodyText) => boolean): boolean | Promise<boolean> {
    const { db, blobs, reader } = this.#sources
    const body = reader.texts.body(db, blobs, id)
    return body instanceof Promise ? body.then(holds) : holds(body)
  }

  /** Marks the candidates that pass; those that are marked already aren't looked at. */
  async #verify(marks: Uint8Array, ids: Uint32Array, candidates: Uint32Array, check: Check): Promise<void> {
    const { slices } = this.#sources
    let at = 0
    for (const id of candidates) {
      while ((ids[at] as number) < id) at++
      if (marks[at] === 1) continue
      if (slices.due) await slices.turn()
      const passed = check(id)
      if (typeof passed === 'boolean' ? passed : await passed) marks[at] = 1
    }
  }
}

function hold(texts: readonly string[], needle: string): boolean {
  for (const text of texts) if (text.includes(needle)) return true
  return false
}

/** A line of header has no line feed, so nothing with one is in it; and fields are kept apart by them. */
const holdsLine = (lines: string, needle: string): boolean => lines.includes(needle) && !needle.includes('\n')
