// The options that a command takes, as data: each knows how its value reads in the help and turns what was typed into what
// the command wants, or says what would be right. An option's flag is its name: `catchAll` is `--catch-all`.

import { Usage } from './usage.js'

export interface Option<Value> {
  /** As in the help: `<mode>`. Undefined for a flag. */
  readonly value: string | undefined
  readonly about: string
  /** May be given more than once. */
  readonly repeats: boolean
  read(typed: unknown, flag: string): Value
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>
export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never
}

export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

export const flag = (about: string): Option<boolean> => ({
  value: undefined,
  about,
  repeats: false,
  read: (typed) => typed === true,
})

/** Throws an Error whose message completes "--flag …": `is not a date`. */
type Read<Value> = (text: string) => Value

export function one(value: string, about: string): Option<string | undefined>
export function one<Value>(value: string, about: string, read: Read<Value>): Option<Value | undefined>
export function one(value: string, about: string, read: Read<unknown> = (text) => text): Option<unknown> {
  return {
    value,
    about,
    repeats: false,
    read: (typed, name) => (typed === undefined ? undefined : reading(String(typed), { read, name })),
  }
}

/** Given once for each, or as a list with commas. */
export const many = <Value = string>(
  value: string,
  about: string,
  read: Read<Value> = (text) => text as Value,
): Option<readonly Value[] | undefined> => ({
  value,
  about: `${about}; may be given more than once`,
  repeats: true,
  read(typed, name) {
    if (typed === undefined) return undefined
    const texts = (typed as string[]).flatMap((text) => (text.startsWith('"') ? [text] : text.split(',')))
    return texts.map((text) => reading(text.trim(), { read, name }))
  },
})

export const choice = <const Choice extends string>(
  choices: readonly Choice[],
  about: string,
): Option<Choice | undefined> => one(`<${choices.join('|')}>`, about, oneOf(choices))

export const oneOf =
  <const Choice extends string>(choices: readonly Choice[]): Read<Choice> =>
  (text) => {
    if (!choices.includes(text as Choice)) throw new Unreadable(`is one of ${choices.join(', ')}`)
    return text as Choice
  }

export const onOff = (about: string): Option<boolean | undefined> =>
  one('<on|off>', about, (text) => oneOf(['on', 'off'])(text) === 'on')

/** The end of a sentence that the flag begins. */
export class Unreadable extends Error {}

function reading<Value>(text: string, { read, name }: { read: Read<Value>; name: string }): Value {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const shown = JSON.stringify(text.slice(0, 80))
    throw new Usage(`${flagOf(name)} ${error.message}, not ${shown}.`, 'See the command with --help.')
  }
}
