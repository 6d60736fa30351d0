/** The SASL machines: what each message comes to, and how they are run. */
import { describe, expect, test } from 'vitest'
import { type Answer, converse, mechanisms, type Proof, SaslMalformed, saslMessageBytesMax } from '../src/index.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (message: Uint8Array): string => new TextDecoder().decode(message)
const named = (name: string) => {
  const found = mechanisms({ tokens: true }).find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

test('offered: PLAIN and LOGIN, tokens where they are configured, never a challenge by shared secret', () => {
  const names = (tokens: boolean): string[] => mechanisms({ tokens }).map(({ name }) => name)
  expect(names(false)).toEqual(['PLAIN', 'LOGIN'])
  expect(names(true)).toEqual(['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2'])
})

/** Runs it with these words of the client's; returns what the server said, and the proof it came to. */
async function run(name: string, said: readonly string[], { initial = false, isIn = true } = {}) {
  const words = said.map(bytes)
  const heard: string[] = []
  let proof: Proof | undefined
  const answer = await converse<Pick<Answer, 'admitted'>>(named(name), {
    initial: initial ? words.shift() : undefined,
    ask: async (challenge) => {
      heard.push(text(challenge))
      const next = words.shift()
      if (next === undefined) throw new Error('the client is asked too much')
      return next
    },
    decide: async (given) => {
      proof = given
      return isIn ? { admitted: true } : undefined
    },
  })
  expect(words).toEqual([])
  return { heard, proof, isIn: answer?.admitted === true }
}

describe.each([true, false])('with an initial response: %s', (initial) => {
  test.each<[string, string, Proof]>([
    ['PLAIN', '\0alice\0secret', { user: 'alice', secret: 'secret' }],
    ['PLAIN', 'alice\0alice\0secret', { user: 'alice', secret: 'secret', authorize: 'alice' }],
    ['PLAIN', 'bob\0alice\0secret', { user: 'alice', secret: 'secret', authorize: 'bob' }],
    ['PLAIN', '\0jörg@bücher.test\0', { user: 'jörg@bücher.test', secret: '' }],
    ['XOAUTH2', 'user=a@b\x01auth=Bearer t.o.k\x01\x01', { user: 'a@b', token: 't.o.k' }],
    ['XOAUTH2', 'user=\x01auth=bearer t\x01\x01', { user: undefined, token: 't' }],
    ['OAUTHBEARER', 'n,a=a@b,\x01host=h\x01port=1\x01auth=Bearer t+/=\x01\x01', { user: 'a@b', token: 't+/=' }],
    ['OAUTHBEARER', 'n,,\x01auth=Bearer t\x01\x01', { user: undefined, token: 't' }],
    ['OAUTHBEARER', 'y,a=x=2Cy=3Dz@b,\x01auth=Bearer t\x01\x01', { user: 'x,y=z@b', token: 't' }],
  ])('%s %j', async (name, message, proof) => {
    expect(await run(name, [message], { initial })).toEqual({ heard: initial ? [] : [''], proof, isIn: true })
  })

  test('LOGIN', async () => {
    const heard = initial ? ['Password:'] : ['Username:', 'Password:']
    const proof = { user: 'alice', secret: 'secret' }
    expect(await run('LOGIN', ['alice', 'secret'], { initial })).toEqual({ heard, proof, isIn: true })
  })

  test.each([
    ['OAUTHBEARER', 'n,,\x01auth=Bearer t\x01\x01', '\x01', '{"status":"invalid_token"}'],
    ['XOAUTH2', 'user=a\x01auth=Bearer t\x01\x01', '', '{"status":"401","schemes":"bearer"}'],
  ])('%s refused: the JSON, the empty word, the refusal', async (name, message, dummy, json) => {
    const { heard, isIn } = await run(name, [message, dummy], { initial, isIn: false })
    expect([heard.at(-1), isIn]).toEqual([json, false])
  })
})

test.each([
  ['PLAIN', ''],
  ['PLAIN', 'alice'],
  ['PLAIN', 'alice\0secret'],
  ['PLAIN', '\0alice\0secret\0more'],
  ['LOGIN', 'al\0ice'],
  ['XOAUTH2', ''],
  ['XOAUTH2', 'auth=Bearer t\x01\x01'],
  ['XOAUTH2', 'user=a\x01auth=Bearer t\x01'],
  ['XOAUTH2', 'user=a\x01auth=Bearer \x01\x01'],
  ['XOAUTH2', 'user=a\x01auth=Bearer a b\x01\x01'],
  ['XOAUTH2', 'user=a\x01auth=Basic t\x01\x01'],
  ['XOAUTH2', 'user=a\x01auth=Bearer t\x01auth=Bearer u\x01\x01'],
  ['OAUTHBEARER', '\x01'],
  ['OAUTHBEARER', 'auth=Bearer t\x01\x01'],
  ['OAUTHBEARER', 'p=tls-unique,,\x01auth=Bearer t\x01\x01'],
  ['OAUTHBEARER', 'n,a=x=20y,\x01auth=Bearer t\x01\x01'],
  ['OAUTHBEARER', 'n,a=,\x01auth=Bearer t\x01\x01'],
  ['OAUTHBEARER', 'n,b=x,\x01auth=Bearer t\x01\x01'],
  ['OAUTHBEARER', 'n,,\x01host=h\x01\x01'],
  ['OAUTHBEARER', 'n,,\x01auth=Bearer t'],
])('no message of %s: %j', async (name, message) => {
  await expect(run(name, [message])).rejects.toThrow(SaslMalformed)
})

test.each(['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER'])('%s: too long, first or later', async (name) => {
  await expect(run(name, ['x'.repeat(saslMessageBytesMax + 1)], { initial: true })).rejects.toThrow('too long')
  await expect(run('LOGIN', ['x', 'x'.repeat(saslMessageBytesMax + 1)])).rejects.toThrow('too long')
})

test('who cancels is not asked about', async () => {
  const cancelled = new Error('cancelled')
  let isAsked = false
  const conversation = {
    initial: bytes('alice'),
    ask: () => Promise.reject(cancelled),
    decide: async () => {
      isAsked = true
      return undefined
    },
  }
  await expect(converse(named('LOGIN'), conversation)).rejects.toBe(cancelled)
  expect(isAsked).toBe(false)
})

test('two conversations at once keep their words apart', () => {
  const [one, two] = [named('LOGIN').begin(), named('LOGIN').begin()]
  one(bytes('alice'))
  two(bytes('bob'))
  expect(one(bytes('1'))).toEqual({ kind: 'proof', proof: { user: 'alice', secret: '1' } })
  expect(two(bytes('2'))).toEqual({ kind: 'proof', proof: { user: 'bob', secret: '2' } })
})
