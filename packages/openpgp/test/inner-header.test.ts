// The header that goes into what is encrypted, from a message that a stranger wrote.

import { expect, test } from 'vitest'
import { innerHeader } from '../src/headers.js'

test('its Content-Type is marked behind what it has', () => {
  const marked = innerHeader(Buffer.from('Content-Type: text/plain; charset=utf-8; ;\r\n\r\n')).toString()
  expect(marked).toContain('Content-Type: text/plain; charset=utf-8;\r\n hp="cipher"; protected-headers="v1"\r\n')
})

test('in time that grows with the field', () => {
  const began = performance.now()
  innerHeader(Buffer.from(`Content-Type: text/plain${';'.repeat(250_000)}x\r\n\r\n`))
  expect(performance.now() - began).toBeLessThan(2_000)
})
