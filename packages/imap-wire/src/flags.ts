// Flags between the wire and the store: system flags are bits, keywords are their names. RFC 9051 §2.3.2 and §9:
//
//   flag         = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension
//   flag-keyword = "$MDNSent" / "$Forwarded" / "$Junk" / "$NotJunk" / "$Phishing" / atom

/** The store's own bits. */
export const systemFlags = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const
/** No flag of a message but what it is to one session (RFC 3501 §2.3.2): nobody can set it, and only the writer knows it. */
export const recentFlag = 32

export interface Flags {
  /** Bits of `systemFlags`. */
  readonly system: number
  /** In the spelling and order they were sent, each once (they compare without case). */
  readonly keywords: readonly string[]
}

const bits: readonly (readonly [name: string, bit: number])[] = [
  ['Answered', systemFlags.answered],
  ['Flagged', systemFlags.flagged],
  ['Deleted', systemFlags.deleted],
  ['Seen', systemFlags.seen],
  ['Draft', systemFlags.draft],
]
const writtenBits: typeof bits = [...bits, ['Recent', recentFlag]]
const bitOf = new Map(bits.map(([name, bit]) => [name.toLowerCase(), bit]))

/** The bit of a system flag, by its name without the backslash. */
export function systemFlagBit(name: string): number | undefined {
  return bitOf.get(name.toLowerCase())
}

/** `\Answered \Seen` for any bits. */
export function systemFlagsText(system: number): string {
  return writtenBits
    .filter(([, bit]) => (system & bit) !== 0)
    .map(([name]) => `\\${name}`)
    .join(' ')
}

/** The flags of one list as they're read. */
export class FlagCollector {
  #system = 0
  readonly #keywords = new Map<string, string>()

  addSystem(bit: number): void {
    this.#system |= bit
  }

  addKeyword(name: string): void {
    const folded = name.toLowerCase()
    if (!this.#keywords.has(folded)) this.#keywords.set(folded, name)
  }

  flags(): Flags {
    return { system: this.#system, keywords: [...this.#keywords.values()] }
  }
}
