// Documents that are made from the sources are what their programs print now.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('../docs.mjs', import.meta.url))

test('docs/capabilities.md and docs/rfc.md are as new', () => {
  const said = (): string => execFileSync(process.execPath, [program, '--check'], { encoding: 'utf8' })
  expect(said).not.toThrow()
})
