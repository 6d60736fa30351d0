// What is known of answers that were heard: each makes the next message of the same bytes another one, for ten minutes, in bounded memory.

import { expect, test } from 'vitest'
import { HeardAnswers } from '../src/heard-answers.js'

const key = Buffer.from('one')

function heardAnswers(messagesMax = 100) {
  const clock = { now: 1_000 }
  const heard = new HeardAnswers({ messagesMax, clock: () => clock.now })
  const now = (of = key) => Buffer.from(heard.keyNow(of)).toString('hex')
  return { heard, clock, now }
}

test('each that was heard gives the next one another key; one that was lost keeps its own', () => {
  const { heard, now } = heardAnswers()
  const keys = [now()]
  expect(now()).toBe(keys[0])
  for (let n = 0; n < 3; n++) {
    heard.note(key)
    keys.push(now())
    expect(now()).toBe(keys.at(-1))
  }
  expect(new Set(keys).size).toBe(4)
  expect(now(Buffer.from('two'))).toBe(Buffer.from('two').toString('hex'))
})

test('after ten minutes it is forgotten', () => {
  const { heard, clock, now } = heardAnswers()
  const first = now()
  heard.note(key)
  clock.now += 599_999
  expect(now()).not.toBe(first)
  clock.now += 1
  expect(now()).toBe(first)
})

test('the oldest are forgotten where there are too many', () => {
  const { heard, now } = heardAnswers(2)
  const [first, second] = [now(), now(Buffer.from('two'))]
  for (const name of ['one', 'two', 'three']) heard.note(Buffer.from(name))
  expect(now()).toBe(first)
  expect(now(Buffer.from('two'))).not.toBe(second)
})
