// One command of the command line in the test's own process: as gateway-process.ts runs it, but for the time that a process
// takes to start.

import { Readable, Writable } from 'node:stream'
import { runCli } from '../src/cli/program.js'

export interface CommandLineOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is piped in. */
  readonly input?: string
}

export async function commandLine(words: readonly string[], { env = {}, input = '' }: CommandLineOptions = {}) {
  const out = { stdout: '', stderr: '' }
  const into = (name: keyof typeof out) =>
    new Writable({
      write(chunk, _, done) {
        out[name] += String(chunk)
        done()
      },
    })
  const streams = { stdin: Readable.from([input]), stdout: into('stdout'), stderr: into('stderr') }
  const code = (await runCli(words, { env, ...streams })) ?? 0
  return { code, ...out }
}
