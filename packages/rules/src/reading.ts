// Reads JSON that somebody wrote: each value is asked for what it shall be, and what is wrong is noted with its place, so that reading goes
// on and everything is told at once. What was noted as wrong reads as undefined.

import type { Mistake } from './rule-mistakes.js'

export type JsonObject = Readonly<Record<string, unknown>>

export class Reading {
  readonly mistakes: Mistake[] = []
  /** Of the rule that is read. */
  conditions = 0

  wrong(at: string, wrong: string): undefined {
    this.mistakes.push({ at, wrong })
    return undefined
  }

  object(value: unknown, at: string): JsonObject | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
    return this.wrong(at, 'This is an object: { … }.')
  }

  list(value: unknown, at: string): readonly unknown[] | undefined {
    return Array.isArray(value) ? value : this.wrong(at, 'This is a list: [ … ].')
  }

  flag(value: unknown, at: string): boolean | undefined {
    return typeof value === 'boolean' ? value : this.wrong(at, 'This is true or false.')
  }

  count(value: unknown, at: string): number | undefined {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    return this.wrong(at, 'This is a whole number of bytes.')
  }

  /** A text that may have several lines. */
  lines(value: unknown, at: string, charactersMax: number): string | undefined {
    const inOneLine = typeof value === 'string' ? value.replace(/\r?\n|\t/g, ' ') : value
    return this.text(inOneLine, at, charactersMax) === undefined ? undefined : (value as string)
  }

  text(value: unknown, at: string, charactersMax: number): string | undefined {
    if (typeof value !== 'string') return this.wrong(at, 'This is a text: "…".')
    if (value.trim() === '') return this.wrong(at, 'This cannot be empty.')
    if (value.length > charactersMax) return this.wrong(at, `This has at most ${charactersMax} characters.`)
    if (!value.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(value))
      return this.wrong(at, 'This has no control characters.')
    return value
  }

  word<const Word extends string>(value: unknown, at: string, words: readonly Word[]): Word | undefined {
    if (words.includes(value as Word)) return value as Word
    return this.wrong(at, `This is one of ${words.map((word) => `"${word}"`).join(', ')}.`)
  }

  /** What nobody asks for is more likely misspelled than meant for nothing. */
  onlyKnown(object: JsonObject, at: string, known: readonly string[]): void {
    for (const key of Object.keys(object))
      if (!known.includes(key))
        this.wrong(at === '' ? key : `${at}.${key}`, `There is no "${key}" here: ${known.join(', ')}.`)
  }
}
