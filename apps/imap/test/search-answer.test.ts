// Python's imaplib takes no line above 1,000,000 bytes, and adds the numbers of several lines up.

import { Writer } from '@postern/imap-wire'
import { expect, test } from 'vitest'
import { writePlain } from '../src/commands/search.js'

test.each([0, 1, 90_000, 90_001, 250_000])('a SEARCH that finds %i messages with the longest uids', (count) => {
  const numbers = Array.from({ length: count }, (_, i) => 4_000_000_000 + i)
  const out = new Writer()
  writePlain(out, 'SEARCH', { numbers, modSeq: 7 })
  const lines = Buffer.from(out.take()).toString().split('\r\n').slice(0, -1)
  for (const line of lines) expect(line.length).toBeLessThan(1_000_000)
  const told = lines.flatMap((line) => line.match(/\d{10}/g) ?? []).map(Number)
  expect(told).toEqual(numbers)
  expect(lines.filter((line) => line.endsWith(' (MODSEQ 7)'))).toHaveLength(count === 0 ? 0 : 1)
  expect(lines.every((line) => line.startsWith('* SEARCH'))).toBe(true)
})
