/** The generated example file is the table's, and load() takes it with every line uncommented. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { load, renderExample } from '../src/index.js'

test('config/postern.env.example is up to date (else: node packages/config/scripts/write-example.mjs)', () => {
  const path = new URL('../../../config/postern.env.example', import.meta.url)
  expect(readFileSync(path, 'utf8')).toBe(renderExample())
})

test('its defaults are what load() takes by itself', () => {
  const uncommented = renderExample().replace(/^#(?=POSTERN_)/gm, '')
  expect(uncommented).toContain('\nPOSTERN_IMAPS_PORT=1993\n')
  expect(load({}, { envFile: 'x', readFile: () => uncommented })).toEqual(load({}))
})
