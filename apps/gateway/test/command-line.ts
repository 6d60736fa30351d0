// One command of the command line in the test's own process: as gateway-process.ts runs it, but for the time that a process
// takes to start.

import { Writable } from 'node:stream'
import { runCli } from '../src/cli/program.js'

export async function commandLine(words: readonly string[], { env }: { env: Readonly<Record<string, string>> }) {
  const out = { stdout: '', stderr: '' }
  const into = (name: keyof typeof out) =>
    new Writable({
      write(chunk, _, done) {
        out[name] += String(chunk)
        done()
      },
    })
  const code = (await runCli(words, { env, stdout: into('stdout'), stderr: into('stderr') })) ?? 0
  return { code, ...out }
}
