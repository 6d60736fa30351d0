#!/usr/bin/env node
/**
 * What `npm test` runs: build, types of the tests, lint, layers, tidy, then every test, with a Redis and a PostgreSQL of their own beside them.
 * All steps run even when one has failed, except the tests of a tree that doesn't build. The last line is the tally of the
 * tests alone on a line; any step that failed makes the exit code 1. Words after `--` go to vitest: `npm test -- scripts`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'postern-test-'))
const report = join(scratch, 'vitest.json')
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
}

const checks = [
  ['build', 'turbo', 'run', 'build', '--log-order=grouped', '--output-logs=errors-only'],
  ['types', 'tsc', '-p', 'config/tsconfig.tests.json'],
  ['lint', 'biome', 'check', '.'],
  ['layers', 'turbo', 'boundaries'],
  ['tidy', process.execPath, 'scripts/tidy.mjs'],
]
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const tests = ['tests', process.execPath, 'scripts/services.mjs', '--', 'vitest', 'run', ...reporters]

let running
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    running?.kill(signal)
  })

/** True when the step succeeded. */
async function step([name, program, ...words]) {
  console.log(`\n── ${name}`)
  const startMs = performance.now()
  const end = await new Promise((resolve) => {
    running = spawn(program, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    running.once('error', (error) => resolve(error.message))
    running.once('exit', (code, signal) => resolve(signal ?? code))
  })
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1)
  console.log(`── ${name} ${end === 0 ? 'ok' : `FAILED (${end})`} in ${seconds} s`)
  return end === 0
}

/** From vitest's own report. A file that could not even be loaded counts as one failure. */
function tally() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && !assertionResults.length,
    )
    const skipped = numPendingTests + numTodoTests
    const counts = [`${numPassedTests} passed`, `${numFailedTests + unloaded.length} failed`]
    return [...counts, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')
  } catch {
    return '0 passed, 1 failed'
  }
}

const startMs = performance.now()
const failed = []
for (const check of checks) if (!(await step(check))) failed.push(check[0])
if (failed.includes('build')) failed.push('tests (not run: the build failed)')
else if (!(await step([...tests, ...process.argv.slice(2)]))) failed.push('tests')

const minutes = ((performance.now() - startMs) / 60_000).toFixed(1)
console.log(
  `\n${failed.length === 0 ? 'All steps passed' : `Failed: ${failed.join(', ')}`}, ${minutes} minutes in all.`,
)
console.log(tally())
rmSync(scratch, { recursive: true, force: true })
if (failed.length > 0) process.exitCode = 1
