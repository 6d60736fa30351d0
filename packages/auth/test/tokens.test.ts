/** Tokens of configured issuers, with a key server of the test's on 127.0.0.1: which are good, and why the others are not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TokenIssuer, tokenVerifier } from '../src/index.js'

const now0 = 1_800_000_000_000
const seconds = now0 / 1_000
const issuer = 'https://login.example.test'
type Alg = 'RS256' | 'ES256' | 'EdDSA' | 'RS384'
type Pair = Awaited<ReturnType<typeof generateKeyPair>>

const pairs = new Map<string, Pair>()
beforeAll(async () => {
  for (const alg of ['RS256', 'ES256', 'EdDSA', 'RS384'])
    pairs.set(alg, await generateKeyPair(alg, { extractable: true }))
  pairs.set('stranger', await generateKeyPair('ES256', { extractable: true }))
  pairs.set('next', await generateKeyPair('ES256', { extractable: true }))
})
const pair = (name: string): Pair => pairs.get(name) as Pair

const jwk = async (name: string, alg: string = name) => ({ ...(await exportJWK(pair(name).publicKey)), kid: name, alg })
const keySet = async (...names: string[]) => JSON.stringify({ keys: await Promise.all(names.map((name) => jwk(name))) })

const claims = { iss: issuer, aud: 'postern', email: 'alice@example.test', exp: seconds + 3_600, sub: '1' }
interface Signed {
  readonly key?: string
  readonly alg?: string
  readonly kid?: string
}
function sign(claimed: object = {}, { key = 'ES256', alg = 'ES256', kid = key }: Signed = {}): Promise<string> {
  const token = new SignJWT({ ...claims, ...claimed } as never)
  return token.setProtectedHeader({ alg, kid }).sign(pair(key).privateKey)
}

describe('with a key server', () => {
  let server: Server
  let port: number
  let asked: number
  let answer: { status: number; body: string; headers?: Record<string, string> }
  let now: number
  let troubles: unknown[]

  beforeEach(async () => {
    asked = 0
    now = now0
    troubles = []
    answer = { status: 200, body: await keySet('RS256', 'ES256', 'EdDSA', 'RS384') }
    server = createServer((_, response) => {
      asked++
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const verifier = (more: Partial<TokenIssuer> = {}) => {
    const jwks = `http://127.0.0.1:${port}/keys`
    const one = { issuer, audience: 'postern', jwks, claim: 'email', domains: [], ...more }
    return tokenVerifier({ issuers: [one], clock: () => now, onTrouble: (error) => void troubles.push(error) })
  }

  test.each<Alg>(['RS256', 'ES256', 'EdDSA'])('good, signed with %s', async (alg) => {
    const token = await sign({}, { key: alg, alg })
    expect(await verifier()(token)).toEqual({ address: 'alice@example.test', expiresAt: now0 + 3_660_000 })
  })

  test.each<[string, object]>([
    ['for several audiences', { aud: ['other', 'postern'] }],
    ['expired within the skew', { exp: seconds - 59 }],
    ['valid soon, within the skew', { nbf: seconds + 59 }],
    ['whose address is verified', { email_verified: true }],
  ])('good: %s', async (_, claimed) => {
    expect(await verifier()(await sign(claimed))).toMatchObject({ address: 'alice@example.test' })
  })

  test.each<[string, object]>([
    ['token expired', { exp: seconds - 61 }],
    ['token not yet valid', { nbf: seconds + 61 }],
    ['token for another audience', { aud: 'other' }],
    ['token for another audience', { aud: undefined }],
    ['not a token', { exp: undefined }],
    ['unknown issuer', { iss: 'https://login.other.test' }],
    ['unknown issuer', { iss: `${issuer}/` }],
    ['unknown issuer', { iss: undefined }],
    ['token names no address', { email: undefined }],
    ['token names no address', { email: 'alice' }],
    ['token names no address', { email: ['alice@example.test'] }],
    ['token names no address', { email_verified: false }],
  ])('%s: %j', async (cause, claimed) => {
    expect(await verifier()(await sign(claimed))).toEqual({ cause })
    expect(troubles).toEqual([])
  })

  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  test.each<[string, string, () => Promise<string>]>([
    ['token signature wrong', 'by a stranger', () => sign({}, { key: 'stranger', kid: 'ES256' })],
    ['token signature wrong', 'by a key that is not there', () => sign({}, { key: 'stranger' })],
    ['token algorithm not allowed', 'by an algorithm left out', () => sign({}, { key: 'RS384', alg: 'RS384' })],
    ['token algorithm not allowed', 'by none', async () => `${part({ alg: 'none' })}.${part(claims)}.`],
    [
      'token algorithm not allowed',
      'by the public key as a shared secret',
      async () => {
        const shared = new TextEncoder().encode(JSON.stringify(await jwk('ES256')))
        return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'ES256' }).sign(shared)
      },
    ],
    [
      'token signature wrong',
      'changed',
      async () => (await sign()).replace(/\.[^.]+\./, `.${part({ ...claims, email: 'bob@example.test' })}.`),
    ],
    ['not a token', 'no token', async () => 'abc'],
    ['not a token', 'dots', async () => '..'],
    ['not a token', 'without a signature', async () => (await sign()).replace(/\.[^.]+$/, '')],
    ['not a token', 'too long', async () => sign({ more: 'x'.repeat(20_000) })],
    ['not a token', 'a list of claims', async () => `${part({ alg: 'ES256' })}.${part([1])}.x`],
  ])('%s: %s', async (cause, _, token) => {
    expect(await verifier()(await token())).toEqual({ cause })
    expect(troubles).toEqual([])
  })

  test('another claim names the address, and an issuer speaks for its domains alone', async () => {
    const token = await sign({ preferred_username: 'Bob@Example.TEST', email: undefined })
    const claim = 'preferred_username'
    expect(await verifier({ claim })(token)).toMatchObject({ address: 'Bob@Example.TEST' })
    expect(await verifier({ claim, domains: ['other.test', 'EXAMPLE.test'] })(token)).toMatchObject({
      expiresAt: now0 + 3_660_000,
    })
    expect(await verifier({ claim, domains: ['other.test'] })(token)).toEqual({ cause: 'issuer not for this domain' })
  })

  test('keys are read once, and again when they are old', async () => {
    const verify = verifier()
    const token = await sign()
    await Promise.all(Array.from({ length: 20 }, () => verify(token)))
    expect(asked).toBe(1)
    now += 599_000
    await verify(token)
    expect(asked).toBe(1)
    now += 2_000
    expect(await verify(token)).toMatchObject({ address: 'alice@example.test' })
    expect(asked).toBe(2)
  })

  test('a key that is new at the issuer is found, but unknown keys are asked for twice a minute at most', async () => {
    const verify = verifier()
    await verify(await sign())
    const token = await sign({}, { key: 'next' })
    for (let i = 0; i < 50; i++) expect(await verify(token)).toEqual({ cause: 'token signature wrong' })
    expect(asked).toBe(1)
    now += 30_000
    answer = { ...answer, body: JSON.stringify({ keys: [await jwk('next', 'ES256')] }) }
    expect(await verify(token)).toMatchObject({ address: 'alice@example.test' })
    expect(asked).toBe(2)
    expect(await verify(await sign()), 'the old key is gone').toEqual({ cause: 'token signature wrong' })
  })

  test.each<[string, () => unknown]>([
    ['answers 500', () => void Object.assign(answer, { status: 500 })],
    ['answers something else', () => void Object.assign(answer, { body: '<html>' })],
    ['answers no key set', () => void Object.assign(answer, { body: '{"keys":1}' })],
    ['answers endlessly', () => void Object.assign(answer, { body: `{"keys":[]}${' '.repeat(300_000)}` })],
    ['sends elsewhere', () => void Object.assign(answer, { status: 302, headers: { location: '/other' } })],
    ['is gone', () => [server.close(), server.closeAllConnections()]],
  ])('a key server that %s: known keys go on for a day, then none do', async (_, breakIt) => {
    const verify = verifier()
    const token = await sign({ exp: seconds + 1_000_000 })
    await verify(token)
    breakIt()
    now += 700_000
    expect(await verify(token)).toMatchObject({ address: 'alice@example.test' })
    expect(troubles).toHaveLength(1)
    await verify(token)
    expect(troubles, 'not asked again at once').toHaveLength(1)
    now += 86_400_000
    expect(await verify(token)).toEqual({ cause: 'issuer not reachable' })
    expect(await verifier()(token), 'never seen').toEqual({ cause: 'issuer not reachable' })
  })
})

test('keys in a file, read again when it changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-keys-'))
  const path = join(folder, 'keys.json')
  let now = now0
  const one = { issuer, audience: 'postern', jwks: path, claim: 'email', domains: [] }
  const troubles: unknown[] = []
  const verify = tokenVerifier({ issuers: [one], clock: () => now, onTrouble: (error) => void troubles.push(error) })
  expect(await verify(await sign())).toEqual({ cause: 'issuer not reachable' })
  expect(String(troubles[0])).toContain('keys.json')
  writeFileSync(path, await keySet('ES256'))
  now += 30_000
  expect(await verify(await sign())).toMatchObject({ address: 'alice@example.test' })
  rmSync(folder, { recursive: true })
})

test('several issuers, each with its own keys', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-keys-'))
  const issuers = ['a', 'b'].map((name) => ({
    ...{ issuer: `https://${name}.test`, audience: 'postern', jwks: join(folder, name), claim: 'email', domains: [] },
  }))
  writeFileSync(join(folder, 'a'), await keySet('ES256'))
  writeFileSync(join(folder, 'b'), await keySet('EdDSA'))
  const verify = tokenVerifier({ issuers, clock: () => now0, onTrouble: () => undefined })
  const of = (iss: string, alg: string) => sign({ iss }, { key: alg, alg })
  expect(await verify(await of('https://a.test', 'ES256'))).toMatchObject({ address: 'alice@example.test' })
  expect(await verify(await of('https://b.test', 'EdDSA'))).toMatchObject({ address: 'alice@example.test' })
  expect(await verify(await of('https://b.test', 'ES256'))).toEqual({ cause: 'token signature wrong' })
  rmSync(folder, { recursive: true })
})
