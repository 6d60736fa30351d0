// The index's view of text: overlapping groups of three characters (code points), which FTS5's trigram tokenizer makes
// of what it's given. Two things are put beside a message's text: the accounts that own it, as one trigram each, and a
// pad behind each text, so that even its last character begins a trigram. Both are written in private-use characters,
// and those of mail are replaced, so that no message can pass itself off as another account's.
//
// Every document whose folded text contains the folded needle has all trigrams of the needle: replacing maps equal
// characters to equal ones, in the text and in the needle alike.

import type { AccountId } from '../model.js'

/** U+E000 to U+F8FE are the digits of an owner; U+F8FF is the pad. */
const firstDigit = 0xe000
const digits = 0x18ff
const pad = '\uf8ff\uf8ff'
const reserved = /[\0\ue000-\uf8ff]/
const reservedAll = /[\0\ue000-\uf8ff]/g
const replacement = '\ufffd'

const gramChars = 3
/** Of a longer needle only the beginning is looked up; the check does the rest. */
const needleCharsMax = 256
const gramsAskedMax = 5
const sampleBuckets = 0x8000

/** FTS5 ends a text at NUL. */
function indexForm(folded: string): string {
  return reserved.test(folded) ? folded.replace(reservedAll, replacement) : folded
}

/** Several folded texts as the index takes them: no trigram reaches from one into the next. */
export function indexText(folded: readonly string[]): string {
  let out = ''
  for (const text of folded) out += indexForm(text) + pad
  return out
}

/** Three digits hold every 32-bit number. */
export function ownerToken(account: AccountId): string {
  const low = account % digits
  const middle = Math.floor(account / digits) % digits
  const high = Math.floor(account / (digits * digits))
  return String.fromCharCode(firstDigit + high, firstDigit + middle, firstDigit + low)
}

/** Fenced, since `abc` and `def` side by side would also own for `bcd`. */
export function ownerText(accounts: readonly AccountId[]): string {
  return accounts.map(ownerToken).join(' ')
}

export interface NeedleGrams {
  /** Distinct; empty for a needle of fewer than three characters. */
  readonly grams: readonly string[]
  /** The needle as the index has it: what its terms begin with when it's too short for a trigram. */
  readonly prefix: string
  readonly short: boolean
  /** The index answers alone, without a look at the text: nothing of the needle was replaced, and no order is to check. */
  readonly exact: boolean
}

export function needleGrams(folded: string): NeedleGrams {
  const form = indexForm(folded)
  const characters = Array.from(form.slice(0, needleCharsMax))
  const untouched = !form.includes(replacement)
  if (characters.length < gramChars) return { grams: [], prefix: form, short: true, exact: untouched }
  return {
    grams: Array.from(new Set(gramsOf(characters))),
    prefix: form,
    short: false,
    exact: characters.length === gramChars && untouched,
  }
}

function* gramsOf(characters: readonly string[]): Generator<string> {
  for (let at = 0; at + gramChars <= characters.length; at++) yield characters.slice(at, at + gramChars).join('')
}

/**
 * How often trigrams are met, counted in a sample of the messages, in buckets: the rarest trigrams of a needle narrow
 * as well as all of them and cost a fraction. A wrong count costs time only.
 */
export class GramSample {
  readonly counts: Uint16Array

  /** `bytes`: what was stored of it. */
  constructor(bytes?: Uint8Array) {
    this.counts = new Uint16Array(sampleBuckets)
    if (bytes !== undefined) new Uint8Array(this.counts.buffer).set(bytes.subarray(0, sampleBuckets * 2))
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.counts.buffer)
  }

  add(text: string): void {
    const seen = new Uint8Array(sampleBuckets)
    for (const gram of gramsOf(Array.from(text))) seen[bucketOf(gram)] = 1
    for (let i = 0; i < sampleBuckets; i++)
      if (seen[i] === 1 && (this.counts[i] as number) < 0xffff) this.counts[i] = (this.counts[i] as number) + 1
  }

  rarest(grams: readonly string[]): readonly string[] {
    if (grams.length <= gramsAskedMax) return grams
    const countOf = (gram: string): number => this.counts[bucketOf(gram)] as number
    return [...grams].sort((a, b) => countOf(a) - countOf(b)).slice(0, gramsAskedMax)
  }
}

function bucketOf(gram: string): number {
  let hash = 0
  for (let i = 0; i < gram.length; i++) hash = Math.imul(hash ^ gram.charCodeAt(i), 0x9e3779b1) ^ (hash >>> 13)
  return (hash >>> 8) & (sampleBuckets - 1)
}

/** FTS5 string syntax: nothing in quotes has a meaning but the quote. */
const quoted = (gram: string): string => `"${gram.replaceAll('"', '""')}"`

export const allOf = (grams: readonly string[]): string => grams.map(quoted).join(' AND ')
export const anyOf = (grams: readonly string[]): string => grams.map(quoted).join(' OR ')
