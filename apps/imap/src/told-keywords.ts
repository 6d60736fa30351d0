// Which keywords the client has been told that messages here may have. RFC 9051 §7.3.5 (FLAGS): a client must know a keyword
// before it meets it in a FETCH, also one that another session has thought of. §7.1 (PERMANENTFLAGS) goes with it.

import { systemFlagsText, type Writer } from '@postern/imap-wire'
import type { OpenMailbox } from '@postern/mailbox-store'

const keywordSetShift = 8
const allSystemFlags = 31

export class ToldKeywords {
  readonly #open: OpenMailbox
  /** Each entry names a set of keywords by its number; these have been looked into. */
  readonly #sets = new Set<number>([0])
  readonly #names = new Set<string>()
  #untold = false

  constructor(open: OpenMailbox) {
    this.#open = open
    this.#noteAll()
    this.#untold = false
  }

  get names(): readonly string[] {
    return [...this.#names]
  }

  /** These messages are new or changed. */
  note(uids: Uint32Array): void {
    const { entries } = this.#open.index
    if (uids.length > entries.length >>> 4) {
      this.#noteAll()
      return
    }
    for (const uid of uids) {
      const at = entries.find(uid)
      if (at >= 0) this.#noteSet((entries.flags[at] as number) >>> keywordSetShift)
    }
  }

  #noteAll(): void {
    for (const set of this.#open.index.flagSummary.keywordSets) this.#noteSet(set)
  }

  #noteSet(set: number): void {
    if (this.#sets.has(set)) return
    this.#sets.add(set)
    for (const name of this.#open.flagsOf((set << keywordSetShift) >>> 0).keywords) {
      if (this.#names.has(name)) continue
      this.#names.add(name)
      this.#untold = true
    }
  }

  /** Whether there are more than the client was told of. */
  get hasUntold(): boolean {
    return this.#untold
  }

  /** The same; it's told now. */
  take(): boolean {
    const untold = this.#untold
    this.#untold = false
    return untold
  }
}

/** `* FLAGS (…)` and what goes with it, where there are keywords that the client hasn't heard of. */
export function tellKeywords(out: Writer, keywords: ToldKeywords, kept: number | undefined): void {
  if (!keywords.take()) return
  writeFlagNames(out, keywords)
  writePermanentFlags(out, keywords, kept)
}

// mailbox-data = "FLAGS" SP flag-list / …
export function writeFlagNames(out: Writer, { names }: ToldKeywords): void {
  out
    .untagged()
    .raw(`FLAGS (${flagNames(allSystemFlags, names).join(' ')})`)
    .crlf()
}

/** `kept`: the system flags that this session may change, undefined where the mailbox is open for reading only. */
export function writePermanentFlags(out: Writer, { names }: ToldKeywords, kept: number | undefined): void {
  const flags = kept === undefined ? [] : [...flagNames(kept, names), '\\*']
  out.status('*', { kind: 'OK', code: { name: 'PERMANENTFLAGS', flags }, text: 'can be kept' })
}

const flagNames = (system: number, keywords: readonly string[]): string[] => [
  ...systemFlagsText(system).split(' '),
  ...keywords,
]
