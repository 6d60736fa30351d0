import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AccountId } from '../src/model.js'
import { fold } from '../src/search/fold.js'
import { GramSample, indexText, needleGrams, ownerText, ownerToken } from '../src/search/grams.js'

describe('fold', () => {
  test.each([
    ['Straße', 'STRASSE'],
    ['Straße', 'STRAẞE'],
    ['ΟΔΟΣ', 'οδος'],
    ['Οδοσ', 'ΟΔΟς'],
    ['İstanbul', 'istanbul'],
    ['ISTANBUL', 'ıstanbul'],
    ['Ｆｕｌｌ ｗｉｄｔｈ', 'full width'],
    ['ﬁnance', 'FINANCE'],
    ['caf\u00e9', 'CAFE\u0301'],
    ['ǅungla', 'ǆungla'],
    ['Ꭰ', 'ꭰ'],
    ['한국어', '\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165'],
  ])('%s equals %s', (a, b) => {
    expect(fold(a)).toBe(fold(b))
  })

  test.each([
    ['a', 'ä'],
    ['l', 'ł'],
    ['ケ', 'ヶ'],
  ])('%s is not %s', (a, b) => {
    expect(fold(a)).not.toBe(fold(b))
  })

  test('folding again changes nothing, for every character', () => {
    const changed: string[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      const once = fold(String.fromCodePoint(code))
      if (fold(once) !== once) changed.push(code.toString(16))
    }
    expect(changed).toEqual([])
  })

  test('the case of a text does not change it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fold(text.toUpperCase())).toBe(fold(text))
        expect(fold(text.toLowerCase())).toBe(fold(text))
      }),
    )
  })

  test('a part of a text is found in it, if it does not begin with a combining mark', () => {
    const text = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(text, ([before, part, after]) => {
        expect(fold(`${before}\n${part}\n${after}`)).toContain(fold(`\n${part}\n`))
      }),
    )
  })
})

describe('grams', () => {
  /** What FTS5's trigram tokenizer makes of a text. */
  const tokens = (text: string): Set<string> => {
    const characters = Array.from(text)
    return new Set(characters.slice(2).map((_, i) => characters.slice(i, i + 3).join('')))
  }

  test('every trigram of a needle is in each text with the needle', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('a', 'b', '\0', '\ue000', '\uf8ff', '"', '猫', '😀'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    })
    fc.assert(
      fc.property(text, text, text, (before, needle, after) => {
        const inText = tokens(indexText([fold(before + needle + after), fold(after)]))
        const { grams } = needleGrams(fold(needle))
        fc.pre(fold(before + needle + after).includes(fold(needle)))
        for (const gram of grams) expect(inText).toContain(gram)
      }),
    )
  })

  test('no text has the token of an owner', () => {
    const unit = fc.constantFrom('\ue000', '\ue001', '\uf8ff', '\uf8fe', 'a')
    fc.assert(
      fc.property(fc.array(fc.string({ unit })), fc.nat(), (texts, account) => {
        expect(tokens(indexText(texts)).has(ownerToken(account as AccountId))).toBe(false)
      }),
    )
  })

  test('owners side by side own for themselves alone', () => {
    const ids = [1, 6398, 6399, 6400, 40_000_000, 0xffff_fffe] as AccountId[]
    const found = Array.from(tokens(ownerText(ids))).filter((token) => !token.includes(' '))
    expect(found.sort()).toEqual(ids.map(ownerToken).sort())
    expect(new Set(found).size).toBe(ids.length)
  })

  test('the rarest trigrams of a needle are asked', () => {
    const sample = new GramSample()
    for (let i = 0; i < 10; i++) sample.add('the message is here')
    const asked = sample.rarest(needleGrams('the messagezqx').grams)
    expect(asked).toHaveLength(5)
    expect(asked).toEqual(expect.arrayContaining(['gez', 'ezq', 'zqx']))
    expect(new GramSample(sample.bytes).rarest(needleGrams('the messagezqx').grams)).toEqual(asked)
  })
})
