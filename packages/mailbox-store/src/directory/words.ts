// The words people give: names and labels. Cleaned or refused at the edge, so that what is stored can be shown.

import { refuse } from '../refusals.js'
import { nameCharactersMax } from './limits.js'

/** A name or label in NFC, without the blanks around it. */
export function cleanName(text: string, what: string): string {
  const name = text.normalize('NFC').trim()
  if (name === '') refuse('invalid', `${what} cannot be empty.`)
  if (!name.isWellFormed() || /[\p{Cc}\u2028\u2029]/u.test(name))
    refuse('invalid', `${what} has no control characters.`)
  if (Array.from(name).length > nameCharactersMax)
    refuse('invalid', `${what} has at most ${nameCharactersMax} characters.`)
  return name
}

/** A number that counts something: whole, not negative, and exact. */
export function cleanCount(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) refuse('invalid', `${what} is a whole number from 0.`)
  return value
}
