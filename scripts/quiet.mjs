#!/usr/bin/env node
/** Runs a command and shows what it printed only if it fails: `node scripts/quiet.mjs turbo run build`. */
import { spawnSync } from 'node:child_process'

const [program, ...words] = process.argv.slice(2)
const { status, error, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 67_108_864 })
if (status !== 0) {
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error ? `${program}: ${error.message}\n` : ''}`)
  process.exitCode = status ?? 1
}
