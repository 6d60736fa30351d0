// Runs one command: words to an invocation, its outcome to standard output, an error to standard error. Resolves with
// the exit code, or with undefined while the command goes on (a started gateway).

import { Failure } from '@postern/service'
import { Command as Program } from 'commander'
import { version } from '../version.js'
import type { Command, Environment, Outcome } from './command.js'
import { commands, groups } from './commands.js'
import { errorAnswer, errorLines } from './error-answer.js'
import { flagOf } from './options.js'
import { Usage } from './usage.js'

/** Where it runs: the process, or a test. */
export interface Surroundings {
  readonly env: Environment
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

export async function runCli(
  words: readonly string[],
  surroundings: Surroundings = process,
): Promise<number | undefined> {
  const { env, stdout, stderr } = surroundings
  // A process whose standard input is looked at holds on to it.
  const stdin = () => surroundings.stdin
  const isJson = words.includes('--json')
  const tell = (line: string): void => {
    if (!isJson) stderr.write(`${line}\n`)
  }
  let exitCode: number | undefined = 0
  const act: Action = async (command, typed) => {
    const outcome = await command.run({ env, stdin, tell, ...typed })
    exitCode = outcome?.exitCode
    if (outcome) await print(outcome, { isJson, stdout })
  }
  const program = createProgram(act, stdout)
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander's way of saying that it has printed the help or the version.
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 0) return 0
    const answer = errorAnswer(error)
    const text = isJson ? JSON.stringify({ error: answer }) : errorLines(answer).join('\n')
    await write(stderr, `${text}\n`)
    return answer.code
  }
}

type Typed = Pick<Parameters<Command['run']>[0], 'args' | 'options'>
type Action = (command: Command, typed: Typed) => Promise<void>

/** Help goes to the stream. */
function createProgram(act: Action, stdout: NodeJS.WritableStream): Program {
  const program = quiet(new Program('postern'))
    .configureOutput({ writeOut: (text) => stdout.write(text) })
    .description('The standard mail door for any inbox. Settings are environment variables: see `postern settings`.')
    .version(version)
  const homes = new Map<string, Program>()
  const homeOf = (words: readonly string[]): Program => {
    if (words.length === 0) return program
    const name = words.join(' ')
    const home = homes.get(name) ?? addGroup(homeOf(words.slice(0, -1)), name)
    homes.set(name, home)
    return home
  }
  for (const command of commands) {
    const words = command.name.split(' ')
    const name = words.pop() as string
    addCommand(homeOf(words), { name, command, act })
  }
  // Only now: a command would inherit what they let pass.
  helpUnlessWrong(program, 'postern')
  for (const [word, home] of homes) helpUnlessWrong(home, `postern ${word}`)
  return program
}

/** A word that only begins a command: alone it prints what can follow. */
function addGroup(home: Program, name: string): Program {
  return quiet(home.command(name.slice(name.lastIndexOf(' ') + 1)))
    .description(groups[name] as string)
    .usage('<command>')
}

/** Where no command follows: options such as --json belong to one, so that what is wrong is the word, or nothing. */
function helpUnlessWrong(program: Program, name: string): void {
  program.allowExcessArguments().allowUnknownOption()
  program.action(() => {
    const wrong = program.args.find((word) => !['--json', 'help'].includes(word))
    if (wrong !== undefined) throw new Usage(`There is no command \`${name} ${wrong}\`.`, `See \`${name} --help\`.`)
    program.help()
  })
}

function addCommand(home: Program, { name, command, act }: { name: string; command: Command; act: Action }): void {
  const sub = quiet(home.command(name)).description(command.about)
  for (const [parameter, about] of command.parameters) sub.argument(parameter, about)
  for (const [option, { value, about, repeats }] of Object.entries(command.options)) {
    const flag = value === undefined ? flagOf(option) : `${flagOf(option)} ${value}`
    if (repeats) sub.option(flag, about, (text: string, before: string[] = []) => [...before, text])
    else sub.option(flag, about)
  }
  sub.option('--json', 'print JSON')
  sub.action(() => act(command, { args: sub.processedArgs, options: sub.opts() }))
}

/** It throws what it has to say; only help and version go out by themselves. */
const quiet = (program: Program): Program =>
  program.exitOverride().configureOutput({ writeErr: () => undefined }) as Program

async function print(
  outcome: Outcome,
  { isJson, stdout }: { isJson: boolean; stdout: NodeJS.WritableStream },
): Promise<void> {
  for await (const piece of outcome.text(isJson)) {
    const error = await write(stdout, piece).catch((cause: NodeJS.ErrnoException) => cause)
    if (error?.code === 'EPIPE' && outcome.isList) return
    if (error) unwritable(error)
  }
  await outcome.printed()
}

function unwritable(cause: NodeJS.ErrnoException): never {
  const fix = 'Start it where its standard output is read: secrets are shown there, and nowhere else.'
  throw new Failure('system', `Standard output can't be written (${cause.code}).`, { fix, cause })
}

/** Resolves when the text has left the process. */
function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The stream says it twice, and without a listener the first time would end the process.
    stream.once('error', reject)
    stream.write(text, (error) => {
      if (error) return reject(error)
      stream.removeListener('error', reject)
      resolve()
    })
  })
}
