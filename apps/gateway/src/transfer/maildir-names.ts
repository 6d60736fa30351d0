// Names in a Maildir: of messages, `unique:2,flags`, where `;` or `!` stands for the colon on file systems that have none; and of
// folders, which are nested, or, by Maildir++, all in one folder with a dot before each level and in modified UTF-7.

import { decodeModifiedUtf7 } from '@postern/imap-wire'
import { type Flags, systemFlag } from '@postern/mailbox-store'
import { cleanKeywords } from './flag-words.js'

const letters = [
  ['D', systemFlag.draft],
  ['F', systemFlag.flagged],
  ['R', systemFlag.answered],
  ['S', systemFlag.seen],
  ['T', systemFlag.deleted],
] as const
/** `P` says it to most programs; to Dovecot only a keyword does. */
const passed = '$Forwarded'
const firstKeywordLetter = 'a'.charCodeAt(0)
export const keywordLettersMax = 26

export interface MaildirName {
  /** Without the flags: what Dovecot's list of uids names it by. */
  readonly base: string
  readonly flags: Flags
}

/** `keywords` is what the letters from `a` on mean. */
export function readMaildirName(name: string, keywords: readonly (string | undefined)[]): MaildirName {
  const [, base = name, flags = ''] = /^(.*)[:;!]2,([A-Za-z]*)/.exec(name) ?? []
  let system = 0
  for (const [letter, bit] of letters) if (flags.includes(letter)) system |= bit
  const words = Array.from(flags, (letter) => keywords[letter.charCodeAt(0) - firstKeywordLetter]).filter(
    (word) => word !== undefined,
  )
  return { base, flags: { system, keywords: cleanKeywords(flags.includes('P') ? [...words, passed] : words) } }
}

/** The letters stand in the order of the alphabet, capitals first. `known` is filled as far as there are letters. */
export function writeMaildirFlags({ system, keywords }: Flags, known: string[]): { text: string; isWhole: boolean } {
  const found = letters.filter(([, bit]) => (system & bit) !== 0).map(([letter]) => letter as string)
  let isWhole = true
  if (keywords.includes(passed)) found.push('P')
  for (const keyword of keywords) {
    if (!known.includes(keyword) && known.length < keywordLettersMax) known.push(keyword)
    const at = known.indexOf(keyword)
    if (at >= 0) found.push(String.fromCharCode(firstKeywordLetter + at))
    else isWhole = false
  }
  return { text: `:2,${found.sort().join('')}`, isWhole }
}

/** Unix seconds at the head of a name, where it begins with them. */
export function secondsOfName(base: string): number | undefined {
  const seconds = Number(/^(\d{9,10})\D/.exec(base)?.[1])
  return Number.isFinite(seconds) ? seconds : undefined
}

/** In our own export it's when the message came, whatever became of the file's time since. */
export const ownName = ({
  uid,
  uidValidity,
  internalDate,
}: Readonly<Record<'uid' | 'uidValidity' | 'internalDate', number>>) => `${internalDate}.P${uid}V${uidValidity}.postern`

export function secondsOfOwnName(base: string): number | undefined {
  const seconds = Number(/^(\d{1,11})\.P\d+V\d+\.postern,/.exec(base)?.[1])
  return Number.isFinite(seconds) ? seconds : undefined
}

/** `.Sent.2024` → `Sent/2024`. */
export const mailboxOfFolder = (folder: string): string =>
  folder
    .slice(1)
    .split('.')
    .map((level) => decodeModifiedUtf7(level))
    .join('/')

/** Dovecot's `dovecot-keywords`: a number and a name on each line. */
export function readKeywordNames(text: string): (string | undefined)[] {
  const names: (string | undefined)[] = []
  for (const line of text.split('\n')) {
    const [, number, name] = /^(\d{1,2}) (\S+)$/.exec(line.trim()) ?? []
    if (name !== undefined && Number(number) < keywordLettersMax) names[Number(number)] = name
  }
  return names
}

/** Dovecot's `dovecot-uidlist`: which message has which uid, in both of its versions. */
export function readUidList(text: string): Map<string, number> {
  const uids = new Map<string, number>()
  for (const line of text.split('\n').slice(1)) {
    const [, uid, base] = /^(\d+) (?:[^:]*:|(?=\S))(.+)$/.exec(line.trimEnd()) ?? []
    if (base !== undefined) uids.set(readMaildirName(base, []).base, Number(uid))
  }
  return uids
}

/** Names in a `subscriptions` file: with dots as in Maildir++, or, from Dovecot's second version on, with tabs. */
export function readSubscriptions(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '')
  const isSecond = lines[0]?.startsWith('V\t') === true
  const levels = (line: string): string[] => line.split(isSecond ? '\t' : /[./]/)
  return lines.slice(isSecond ? 1 : 0).map((line) =>
    levels(line)
      .map((level) => decodeModifiedUtf7(level))
      .join('/'),
  )
}
