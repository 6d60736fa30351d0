// Turns and places: no destination holds another one up.

import { expect, test } from 'vitest'
import { type Lane, Lanes, type Load, laneOf } from '../src/lanes.js'
import { defaultRelayLimits } from '../src/relay-limits.js'

interface Named extends Load {
  readonly name: string
}
const limits = { ...defaultRelayLimits, parallelMax: 6, claimMax: 5, inHandMax: 100 }
const lane = (key: string, more: Partial<Lane> = {}): Lane => ({
  ...{ key, domain: `${key}.test`, parallelMax: 2, inHandMax: 10 },
  ...more,
})
const load = (name: string, of: Lane, size = 1): Named => ({ name, lane: of, size })
const started = (lanes: Lanes<Named>): string[] => {
  const names: string[] = []
  for (let next = lanes.next(); next !== undefined; next = lanes.next()) names.push(next.name)
  return names
}

test('lanes take turns, each within its places', () => {
  const lanes = new Lanes<Named>(limits)
  for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) lanes.add(load(name, lane(name[0] as string)))
  expect(started(lanes)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2'])
  expect([lanes.active, lanes.inHand]).toEqual([5, 6])
})

test('all together have so many places', () => {
  const lanes = new Lanes<Named>(limits)
  for (let n = 0; n < 9; n++) lanes.add(load(`x${n}`, lane(`x${n}`)))
  expect(started(lanes)).toHaveLength(6)
})

test('what is done makes place, and a lane without work is forgotten', () => {
  const lanes = new Lanes<Named>(limits)
  const all = ['a1', 'a2', 'a3'].map((name) => load(name, lane('a')))
  for (const each of all) lanes.add(each)
  expect(started(lanes)).toEqual(['a1', 'a2'])
  lanes.done(all[0] as Named)
  expect(started(lanes)).toEqual(['a3'])
  lanes.done(all[1] as Named)
  lanes.done(all[2] as Named)
  expect([lanes.active, lanes.inHand, lanes.room]).toEqual([0, 0, 100])
})

test('a lane that could not take all of a claim is full: a domain is left out, a host is told', () => {
  const lanes = new Lanes<Named>(limits)
  lanes.add(load('a', lane('a'), 6))
  expect([lanes.fullDomains(), lanes.hasFullHost]).toEqual([['a.test'], false])
  expect(lanes.hasRoomFor(load('b', lane('a'), 4))).toBe(true)
  expect(lanes.hasRoomFor(load('b', lane('a'), 5))).toBe(false)
  lanes.add(load('h', lane('h', { domain: undefined }), 6))
  expect([lanes.fullDomains(), lanes.hasFullHost]).toEqual([['a.test'], true])
})

test('a load that is larger than its lane is taken alone', () => {
  const lanes = new Lanes<Named>(limits)
  expect(lanes.hasRoomFor(load('big', lane('a'), 40))).toBe(true)
})

test('when much is in hand, a lane without a free place is full', () => {
  const lanes = new Lanes<Named>(limits)
  for (const name of ['a1', 'a2', 'a3']) lanes.add(load(name, lane('a')))
  started(lanes)
  expect(lanes.isFull(lane('a'))).toBe(false)
  lanes.add(load('other', lane('o', { inHandMax: 60 }), 50))
  expect(lanes.isFull(lane('a'))).toBe(true)
})

test('what waits can be taken out', () => {
  const lanes = new Lanes<Named>(limits)
  const all = ['a1', 'a2', 'a3', 'a4'].map((name) => load(name, lane('a')))
  for (const each of all) lanes.add(each)
  started(lanes)
  lanes.remove(all[2] as Named)
  expect(lanes.takeQueued()).toEqual([all[3]])
  expect(lanes.inHand).toBe(2)
})

test('a lane is named after its destination, and tells no secret', () => {
  const smart = { kind: 'smart-host', host: 'out.test', port: 587, tls: 'required', user: 'u', secret: 'hush' } as const
  const keys = [
    laneOf({ kind: 'inbox', account: 1 as never }, 'a.test', limits),
    laneOf({ kind: 'out', route: { kind: 'direct', port: 25 } }, 'a.test', limits),
    laneOf({ kind: 'out', route: smart }, 'a.test', limits),
    laneOf({ kind: 'out', route: { kind: 'resend', apiKey: 'hush', endpoint: undefined } }, 'a.test', limits),
  ].map(({ key }) => key)
  expect(keys).toEqual(['here', 'direct a.test', 'out.test:587', 'resend'])
})
