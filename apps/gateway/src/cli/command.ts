// What a command of the command line is: its name and words, what it does, and how its result reads. With --json the
// result itself is printed, one line of JSON.

export interface Invocation {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The command's parameters, in order. */
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
}

interface Definition<Result> {
  readonly about: string
  /** As they read in the help: `<folder>`. */
  readonly parameters?: readonly (readonly [name: string, about: string])[]
  /** Each takes a value: `--roles <list>`. --json is every command's. */
  readonly options?: readonly (readonly [flag: string, about: string])[]
  /** Undefined when there's nothing to say. */
  run(invocation: Invocation): Promise<Result | undefined>
  /** The result for a person. */
  lines(result: Result): readonly string[]
  exitCode?(result: Result): number
  /** Runs when the result has been printed. */
  printed?(result: Result): Promise<void>
  /** What --json prints where it's less than the result. */
  json?(result: Result): unknown
}

export interface Outcome {
  readonly json: unknown
  readonly lines: readonly string[]
  /** Undefined while the process goes on. */
  readonly exitCode: number | undefined
  printed(): Promise<void>
}

export interface Command extends Pick<Definition<never>, 'about' | 'parameters' | 'options'> {
  readonly name: string
  run(invocation: Invocation): Promise<Outcome | undefined>
}

export function command<Result>(name: string, definition: Definition<Result>): Command {
  return {
    ...definition,
    name,
    async run(invocation) {
      const result = await definition.run(invocation)
      if (result === undefined) return undefined
      return {
        json: definition.json ? definition.json(result) : result,
        lines: definition.lines(result),
        exitCode: definition.exitCode?.(result),
        printed: async () => definition.printed?.(result),
      }
    },
  }
}
