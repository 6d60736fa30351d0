// Python's imaplib takes no line above 1,000,000 bytes, and adds the numbers of several lines up.

import { Writer } from '@postern/imap-wire'
import { expect, test } from 'vitest'
import { writePlain } from '../src/search-answer.js'

/** Counts how often the writer may wait for a slow client. */
class Out extends Writer {
  breaths = 0
  async breathe(): Promise<void> {
    this.breaths++
  }
}

test.each([0, 1, 90_000, 90_001, 250_000])('a SEARCH that finds %i messages with the longest uids', async (count) => {
  const numbers = Uint32Array.from({ length: count }, (_, i) => 4_000_000_000 + i)
  const out = new Out()
  await writePlain(out, 'SEARCH', { numbers, modSeq: 7 })
  const lines = Buffer.from(out.take()).toString().split('\r\n').slice(0, -1)
  for (const line of lines) expect(line.length).toBeLessThan(1_000_000)
  const told = lines.flatMap((line) => line.match(/\d{10}/g) ?? []).map(Number)
  expect(told).toEqual(Array.from(numbers))
  expect(lines.filter((line) => line.endsWith(' (MODSEQ 7)'))).toHaveLength(count === 0 ? 0 : 1)
  expect(lines.every((line) => line.startsWith('* SEARCH'))).toBe(true)
  expect(out.breaths).toBe(lines.length)
})
