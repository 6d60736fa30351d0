// Forms come in pieces of any size, and what comes out of them is the same; no bytes make their readers do anything but read or refuse.

import { describe, expect, test } from 'vitest'
import { IngestError } from '../src/ingest/answer.js'
import type { FormPiece } from '../src/ingest/form/form-piece.js'
import { multipartPieces } from '../src/ingest/form/multipart.js'
import { urlEncodedPieces } from '../src/ingest/form/url-encoded.js'
import { mailLineEnds } from '../src/ingest/line-ends.js'

async function* inPieces(bytes: Buffer, size: () => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const length = size()
    yield bytes.subarray(at, at + length)
    at += length
  }
}

async function fieldsOf(pieces: AsyncIterable<FormPiece>): Promise<[string, string][]> {
  const fields: [string, string][] = []
  for await (const { name, begins, bytes } of pieces) {
    if (begins) fields.push([name, ''])
    const last = fields.at(-1) as [string, string]
    expect(name).toBe(last[0])
    last[1] += bytes.toString('latin1')
  }
  return fields
}

/** The same numbers each time. */
function lots(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const sizes: [string, () => number][] = [
  ['whole', () => Number.POSITIVE_INFINITY],
  ['byte by byte', () => 1],
  ['by threes', () => 3],
  ...[1, 2, 3].map((seed): [string, () => number] => {
    const lot = lots(seed)
    return [`by lot ${seed}`, () => 1 + lot(40)]
  }),
]

const tricky: [string, string][] = [
  ['plain', 'hello'],
  ['empty', ''],
  ['nearly', 'a\r\n--b\r\n--bound\r\n-\r\n--boundar\r\n'],
  ['bytes', String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))],
  ['ends', '\r\n\r\n'],
  ['&=+%', '&=+%41 x'],
]

describe.each(sizes)('%s', (_, size) => {
  test('multipart/form-data', async () => {
    const parts = tricky.map(
      ([name, value]) =>
        `--boundary \t\r\nX: y\r\ncontent-DISPOSITION: form-data; filename="a;name=z"; name="${name}"\r\n\r\n${value}\r\n`,
    )
    const form = Buffer.from(
      `passed over\r\n${parts.join('')}--boundary--\r\npassed over, too --boundary\r\n`,
      'latin1',
    )
    expect(await fieldsOf(multipartPieces(inPieces(form, size), 'boundary'))).toEqual(tricky)
  })

  test('application/x-www-form-urlencoded', async () => {
    const escaped = (text: string): string =>
      Array.from(Buffer.from(text, 'latin1'), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    const form = `&&${tricky.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&')}&plus=a+b%2B&%zz=%4&bare`
    expect(await fieldsOf(urlEncodedPieces(inPieces(Buffer.from(form), size)))).toEqual([
      ...tricky,
      ...[
        ['plus', 'a b+'],
        ['%zz', '%4'],
        ['bare', ''],
      ],
    ])
  })

  test('line ends', async () => {
    let text = ''
    for await (const piece of mailLineEnds(inPieces(Buffer.from('\na\r\nb\n\nc\r\r\n\rd\n'), size))) text += piece
    expect(text).toBe('\r\na\r\nb\r\n\r\nc\r\r\n\rd\r\n')
  })
})

test('whatever comes is read or refused', async () => {
  const lot = lots(7)
  const words = [
    '--b',
    '\r\n',
    '--',
    'Content-Disposition: form-data; name="a"',
    '\r\n\r\n',
    'x',
    '&',
    '=',
    '%',
    '%4',
    '+',
    '\0',
    ' ',
  ]
  for (let n = 0; n < 2_000; n++) {
    const bytes = Buffer.from(Array.from({ length: lot(20) }, () => words[lot(words.length)]).join(''))
    for (const read of [
      multipartPieces(
        inPieces(bytes, () => 1 + lot(9)),
        'b',
      ),
      urlEncodedPieces(inPieces(bytes, () => 1 + lot(9))),
    ])
      await fieldsOf(read).catch((error) => expect(error).toBeInstanceOf(IngestError))
  }
})

test('the time is linear in the bytes', async () => {
  const nearly = Buffer.from(
    `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${'\r\n--'.repeat(1_000_000)}\r\n--b--`,
  )
  const begun = performance.now()
  await fieldsOf(
    multipartPieces(
      inPieces(nearly, () => 65_536),
      'b',
    ),
  )
  await fieldsOf(urlEncodedPieces(inPieces(Buffer.from(`a=${'%41'.repeat(1_300_000)}`), () => 65_536)))
  expect(performance.now() - begun).toBeLessThan(5_000)
})
