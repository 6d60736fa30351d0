#!/usr/bin/env node
/**
 * Checks what the compiler, biome and turbo can't see: layers inside packages, truth of citations and documents, shape and
 * leftovers. A rule is one file in scripts/tidy/ and one line in this list. Each finding is one line,
 * `file:line rule: what to do`.
 */
import { fileURLToPath } from 'node:url'
import { docTruth } from './tidy/doc-truth.mjs'
import { doors } from './tidy/doors.mjs'
import { fileShape } from './tidy/file-shape.mjs'
import { leftovers } from './tidy/leftovers.mjs'
import { machineTraces } from './tidy/machine-traces.mjs'
import { purity } from './tidy/purity.mjs'
import { rfcCitations, staleIndex } from './tidy/rfc-citations.mjs'
import { readIndex, readTexts, writeIndex } from './tidy/rfc-index.mjs'
import { testTools } from './tidy/test-tools.mjs'
import { readTree } from './tidy/tree.mjs'

const rules = [purity, doors, testTools, rfcCitations, docTruth, fileShape, machineTraces, leftovers]
const root = fileURLToPath(new URL('..', import.meta.url))

if (process.argv[2] === '--write-rfc-index') writeIndex(root)
else if (process.argv.length > 2) {
  console.error('Usage: node scripts/tidy.mjs [--write-rfc-index]')
  process.exitCode = 2
} else {
  const texts = readTexts(root)
  const tree = readTree(root, { rfcSections: texts ?? readIndex(root) })
  const findings = rules.flatMap((rule) => [...rule.check(tree)].map((finding) => ({ ...finding, rule: rule.name })))
  findings.push(...staleIndex(texts, tree).map((finding) => ({ ...finding, rule: rfcCitations.name })))
  for (const { path, line, rule, say } of findings) console.log(`${path}:${line} ${rule}: ${say}`)
  console.log(`tidy: ${tree.paths.length} files, ${findings.length} finding${findings.length === 1 ? '' : 's'}`)
  if (findings.length > 0) process.exitCode = 1
}
