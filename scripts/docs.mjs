#!/usr/bin/env node
/**
 * Writes the documents that are made from the sources: each by the program beside its name, which prints it. With `--check`
 * nothing is written; a document that isn't what its program prints is named, and the exit code is 1.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const made = {
  'docs/capabilities.md': 'apps/imap/scripts/capabilities.mjs',
  'docs/rfc.md': 'scripts/docs/rfc.mjs',
}

const isCheck = process.argv[2] === '--check'
for (const [page, program] of Object.entries(made)) {
  const text = execFileSync(process.execPath, [root + program], { encoding: 'utf8' })
  if (!isCheck) writeFileSync(root + page, text)
  else if (readIfThere(root + page) !== text) {
    console.log(`${page} is not what ${program} prints: npm run docs`)
    process.exitCode = 1
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}
