// What a command of the command line is: its words, parameters and options, what it does, and how its result reads. With
// --json the result itself is printed, one line of JSON. A list is printed while it's read (listing.ts).

import type { OptionTable, Values } from './options.js'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Invocation<Table extends OptionTable> {
  readonly env: Environment
  /** What is piped in: a secret that shall not stand in a command's words. */
  readonly stdin: () => NodeJS.ReadableStream
  /** The command's parameters, in order. */
  readonly args: readonly string[]
  readonly options: Values<Table>
  /** A line for who waits for something long; with --json nobody reads it. */
  readonly tell: (line: string) => void
}

export interface Definition<Table extends OptionTable, Result> {
  readonly about: string
  /** As they read in the help: `<folder>`. */
  readonly parameters?: readonly (readonly [name: string, about: string])[]
  /** --json is every command's. */
  readonly options?: Table
  /** Undefined when there's nothing to say. */
  run(invocation: Invocation<Table>): Promise<Result | undefined>
  /** The result for a person. */
  lines(result: Result): readonly string[]
  /** 0 unless it says something else; undefined while the process goes on. */
  exitCode?(result: Result): number | undefined
  /** Runs when the result has been printed. */
  printed?(result: Result): Promise<void>
  /** What --json prints where it's less than the result. */
  json?(result: Result): unknown
}

export interface Outcome {
  /** Its reader may go when it has seen enough. */
  readonly isList?: boolean
  /** What goes to standard output, in pieces. */
  text(isJson: boolean): Iterable<string> | AsyncIterable<string>
  /** Undefined while the process goes on. */
  readonly exitCode: number | undefined
  printed(): Promise<void>
}

export interface Command {
  /** One word, or with the words that it stands under: `domain create`. */
  readonly name: string
  readonly about: string
  readonly parameters: readonly (readonly [name: string, about: string])[]
  readonly options: OptionTable
  /** Options as they were typed. */
  run(invocation: {
    readonly env: Environment
    readonly stdin: () => NodeJS.ReadableStream
    readonly args: readonly string[]
    readonly options: Readonly<Record<string, unknown>>
    readonly tell: (line: string) => void
  }): Promise<Outcome | undefined>
}

// biome-ignore lint/complexity/noBannedTypes: a command without options.
type None = {}

export function command<Result, const Table extends OptionTable = None>(
  name: string,
  definition: Definition<Table, Result>,
): Command {
  const { about, parameters = [], options = {} as Table, exitCode = () => 0 } = definition
  return {
    name,
    about,
    parameters,
    options,
    async run({ env, stdin, args, options: typed, tell }) {
      const result = await definition.run({ env, stdin, args, options: readOptions(options, typed), tell })
      if (result === undefined) return undefined
      const json = definition.json?.(result) ?? result
      return {
        text: (isJson) => [
          isJson
            ? `${JSON.stringify(json)}\n`
            : definition
                .lines(result)
                .map((line) => `${line}\n`)
                .join(''),
        ],
        exitCode: exitCode(result),
        printed: async () => definition.printed?.(result),
      }
    },
  }
}

export const readOptions = <Table extends OptionTable>(
  table: Table,
  typed: Readonly<Record<string, unknown>>,
): Values<Table> =>
  Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, option.read(typed[name], name)]),
  ) as Values<Table>
