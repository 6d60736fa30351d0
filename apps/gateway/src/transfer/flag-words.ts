// Flags as words and letters: those of IMAP, of a sidecar, and the text by which a server's flags are compared with those that it
// had before. What isn't an atom can be no keyword (RFC 9051 §9), and is left out.

import { type Flags, systemFlag } from '@postern/mailbox-store'

const words = [
  ['\\Seen', systemFlag.seen],
  ['\\Answered', systemFlag.answered],
  ['\\Flagged', systemFlag.flagged],
  ['\\Deleted', systemFlag.deleted],
  ['\\Draft', systemFlag.draft],
] as const
const bitOf = new Map<string, number>(words.map(([word, bit]) => [word.toLowerCase(), bit]))

const keywordsMax = 100
const isKeyword = (word: string): boolean =>
  word.length <= 255 && /^[\x21\x23\x24\x26\x27\x2b-\x5b\x5e-\x7a|}~]+$/.test(word)

/** Each keyword once, without regard to case, as many as a message may have. */
export function cleanKeywords(keywords: Iterable<string>): string[] {
  const found = new Map<string, string>()
  for (const keyword of keywords) {
    const folded = keyword.toLowerCase()
    if (isKeyword(keyword) && !found.has(folded) && found.size < keywordsMax) found.set(folded, keyword)
  }
  return [...found.values()]
}

/** `\Recent` and flags of other servers' own invention are none of a message. */
export function flagsOfWords(given: Iterable<string>): Flags {
  let system = 0
  const keywords: string[] = []
  for (const word of given) {
    if (word.startsWith('\\')) system |= bitOf.get(word.toLowerCase()) ?? 0
    else keywords.push(word)
  }
  return { system, keywords: cleanKeywords(keywords) }
}

export const wordsOfFlags = ({ system, keywords }: Flags): string[] => [
  ...words.filter(([, bit]) => (system & bit) !== 0).map(([word]) => word),
  ...keywords,
]

/** The same for the same flags, however they were ordered or spelled. */
export function flagsText({ system, keywords }: Flags): string {
  return [String(system), ...keywords.map((keyword) => keyword.toLowerCase()).sort()].join(' ')
}

export function flagsOfText(text: string): Flags {
  const [system = '0', ...keywords] = text.split(' ')
  return { system: Number(system) || 0, keywords }
}

/** What became of flags between two looks at them. */
export function flagsBetween(before: Flags, now: Flags): { readonly added: Flags; readonly removed: Flags } {
  const without = (these: Flags, those: Flags): Flags => {
    const folded = new Set(those.keywords.map((keyword) => keyword.toLowerCase()))
    return {
      system: these.system & ~those.system,
      keywords: these.keywords.filter((keyword) => !folded.has(keyword.toLowerCase())),
    }
  }
  return { added: without(now, before), removed: without(before, now) }
}

export const isNoFlag = ({ system, keywords }: Flags): boolean => system === 0 && keywords.length === 0
