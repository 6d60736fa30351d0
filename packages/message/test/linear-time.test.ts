// Hostile mail costs time in proportion to its size. Eight times the bytes may take 24 times as long: three times what linear
// allows, for a noisy machine, and well under the 64 of a quadratic step. What counts is the processor's time, not the clock's, as
// others may want the processor too; a bad ratio is measured again, and the best times count.
import { expect, test } from 'vitest'
import { encodeParts, findOtpIn, parseMessage, preview, searchHeaders, searchText } from '../src/index.js'
import { type HostileShape, structureShapes, valueShapes } from './hostile-shapes.js'

const ratioMax = 24
const attemptsMax = 6
/** Below this a time says more about the machine than about the parser. */
const floorMs = 4

function expectLinear({ make }: HostileShape, run: (bytes: Uint8Array) => void, sizes: readonly number[]): void {
  const messages = sizes.map(make)
  const best = messages.map(() => Number.POSITIVE_INFINITY)
  let ratio = Number.POSITIVE_INFINITY
  run(messages[0]!) // the compiler's time isn't the parser's
  for (let attempt = 0; attempt < attemptsMax && ratio > ratioMax; attempt++) {
    for (const [index, bytes] of messages.entries()) {
      const start = process.cpuUsage()
      run(bytes)
      const { user, system } = process.cpuUsage(start)
      best[index] = Math.min(best[index]!, (user + system) / 1000)
    }
    ratio = best.at(-1)! / Math.max(best[0]!, floorMs)
  }
  expect(ratio, `${sizes.join(', ')} bytes took ${best.map((ms) => ms.toFixed(1)).join(', ')} ms`).toBeLessThan(
    ratioMax,
  )
}

const MB = 1024 * 1024

test.each(structureShapes)('$name, at 1, 2, 4 and 8 MB', (shape) => {
  expectLinear(shape, (bytes) => parseMessage(bytes), [MB, 2 * MB, 4 * MB, 8 * MB])
})

// With the limits off, or nothing beyond them would be read.
const limits = { headerBytesMax: 64 * MB, addressesMax: 10_000_000 }

test.each(valueShapes)('$name, all that is done with a message', (shape) => {
  const run = (bytes: Uint8Array) => {
    const parsed = parseMessage(bytes, { limits })
    encodeParts(parsed)
    preview(bytes, parsed)
    searchHeaders(bytes, parsed)
    searchText(bytes, parsed)
    findOtpIn(bytes, parsed)
  }
  expectLinear(shape, run, [MB / 16, MB / 2])
})

test('the measure itself sees a quadratic step', () => {
  const quadratic = (bytes: Uint8Array) => {
    let sum = 0
    for (let i = 0; i < bytes.length; i += 128) for (let j = 0; j < bytes.length; j += 128) sum += bytes[j]! & i
    return sum
  }
  const shape = { name: 'zeros', make: (size: number) => new Uint8Array(size) }
  expect(() => expectLinear(shape, quadratic, [MB / 4, 2 * MB])).toThrow(/toBeLessThan|less than/)
})
