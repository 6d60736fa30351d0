// Runs one command: words to an invocation, its outcome to standard output, an error to standard error. Resolves with
// the exit code, or with undefined while the command goes on (a started gateway).

import { Failure } from '@postern/service'
import { Command as Program } from 'commander'
import { version } from '../version.js'
import type { Command, Outcome } from './command.js'
import { commands } from './commands.js'
import { errorAnswer, errorLines } from './error-answer.js'

export async function runCli(words: readonly string[]): Promise<number | undefined> {
  const isJson = words.includes('--json')
  let exitCode: number | undefined = 0
  const program = createProgram(async (command, invocation) => {
    const outcome = await command.run(invocation)
    exitCode = outcome?.exitCode
    if (outcome) await print(outcome, isJson)
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander's way of saying that it has printed the help or the version.
    if (error instanceof Error && 'exitCode' in error && error.exitCode === 0) return 0
    const answer = errorAnswer(error)
    const text = isJson ? JSON.stringify({ error: answer }) : errorLines(answer).join('\n')
    await write(process.stderr, `${text}\n`)
    return answer.code
  }
}

type Action = (command: Command, invocation: Parameters<Command['run']>[0]) => Promise<void>

function createProgram(act: Action): Program {
  const program = new Program('postern')
    .description('The standard mail door for any inbox. Settings are environment variables: see `postern settings`.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(() => program.help())
  for (const command of commands) {
    const sub = program.command(command.name).description(command.about).exitOverride()
    sub.configureOutput({ writeErr: () => undefined })
    for (const [name, about] of command.parameters ?? []) sub.argument(name, about)
    for (const [flag, about] of command.options ?? []) sub.option(flag, about)
    sub.option('--json', 'print JSON')
    sub.action(() => act(command, { env: process.env, args: sub.processedArgs, options: textOptions(sub) }))
  }
  return program
}

function textOptions(sub: Program): Record<string, string | undefined> {
  const { json: _, ...options } = sub.opts<Record<string, string | undefined>>()
  return options
}

async function print({ json, lines, printed }: Outcome, isJson: boolean): Promise<void> {
  const text = isJson ? JSON.stringify(json) : lines.join('\n')
  if (text !== '') await write(process.stdout, `${text}\n`).catch(unwritable)
  await printed()
}

function unwritable(cause: NodeJS.ErrnoException): never {
  const fix = 'Start it where its standard output is read: secrets are shown there, and nowhere else.'
  throw new Failure('system', `Standard output can't be written (${cause.code}).`, { fix, cause })
}

/** Resolves when the text has left the process. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
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
