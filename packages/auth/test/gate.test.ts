/** The one question and its answers: who is let in where, and each cause of a refusal (contract B2–B8). */
import { describe, expect, test } from 'vitest'
import { type Cause, type CredentialFacts, hashGivenSecret, type Question, refusalMs } from '../src/index.js'
import { refusals, wrongOf } from './refusals.js'
import { asked, home, now0, serverKey, Town } from './town.js'

describe('let in', () => {
  test.each<[string, Partial<CredentialFacts>, Partial<Question>, string | undefined]>([
    ['to its inbox', {}, {}, 'alice@example.test'],
    ['in upper case', {}, { user: 'ALICE@EXAMPLE.TEST' }, 'alice@example.test'],
    [
      'by a pattern',
      { inbox: undefined, grants: ['support-*@example.test'] },
      { user: 'support-1@example.test' },
      'support-1@example.test',
    ],
    [
      'by the domain',
      { inbox: undefined, grants: ['*@example.test'] },
      { user: 'bob@example.test' },
      'bob@example.test',
    ],
    ['by everything', { inbox: undefined, grants: ['*'] }, { user: 'bob@example.test' }, 'bob@example.test'],
    ['to the merged inbox', { inbox: undefined, grants: ['*@example.test'] }, { user: '*@example.test' }, undefined],
    ['to the merged inbox by everything', { inbox: undefined, grants: ['*'] }, { user: '*@Example.test' }, undefined],
    ['under any user name', { anyUsername: true }, { user: 'whoever' }, 'alice@example.test'],
    ['under any user name, another one', { anyUsername: true }, { user: 'bob@example.test' }, 'alice@example.test'],
    [
      'under any user name, none',
      { anyUsername: true, grants: ['x@example.test'] },
      { user: '\0' },
      'alice@example.test',
    ],
    ['from an allowed network', { networks: ['192.0.2.0/24'] }, {}, 'alice@example.test'],
    ['reading only', { scopes: ['imap:read'] }, {}, 'alice@example.test'],
    ['to send', { scopes: ['smtp'] }, { protocol: 'smtp' }, 'alice@example.test'],
    ['acting as itself', {}, { authorize: 'Alice@example.test' }, 'alice@example.test'],
    ['before it expires', { expiresAt: now0 + 1 }, {}, 'alice@example.test'],
  ])('%s', async (_, facts, question, address) => {
    const town = new Town()
    const { secret, credential, publicPart } = town.credential(facts)
    const answer = await town.gate().ask(asked(secret, question))
    expect(answer).toMatchObject({ admitted: true, credential: { publicId: credential.publicId }, publicPart })
    expect(answer.place?.inbox?.address).toBe(address)
    expect(answer.place?.domain.name).toBe('example.test')
    expect([town.refusals, town.waited]).toEqual([[], []])
  })

  test('an API key needs no user name and opens no place', async () => {
    const town = new Town()
    const { secret } = town.credential({ scopes: ['api'], inbox: undefined, grants: ['*'] })
    const answer = await town.gate().ask(asked(secret, { protocol: 'api', user: undefined }))
    expect(answer).toMatchObject({ admitted: true, place: undefined, rights: { api: true, imap: undefined } })
  })

  test('a secret that the operator chose, of any form', async () => {
    const town = new Town()
    const { found } = town.credential({ scopes: ['api', 'admin'], inbox: undefined, grants: ['*'] })
    const text = 'correct horse battery staple'
    const { publicPart, hash } = hashGivenSecret(text, serverKey)
    town.secrets.set(publicPart, { ...found, hash })
    const answer = await town.gate().ask(asked(text, { protocol: 'api', user: undefined }))
    expect(answer).toMatchObject({ admitted: true, rights: { admin: true } })
  })
})

describe('refused', () => {
  test.each(refusals)('%s', async (cause, world) => {
    const town = new Town()
    const { secret, question } = world(town)
    expect(await town.gate().ask(asked(secret, question))).toMatchObject({ admitted: false, cause, correlation: 'c1' })
    expect(town.refusals).toMatchObject([{ cause, correlation: 'c1' }])
    const [waited = 0, ...more] = town.waited
    expect(waited > 0 && waited <= refusalMs && more.length === 0, `waited ${waited}`).toBe(true)
    if (secret !== '') expect(JSON.stringify(town.refusals), 'the secret goes no further').not.toContain(secret)
  })

  test.each([
    ['a domain alone', 'example.test'],
    ['*@', '*@'],
    ['@domain', '@example.test'],
    ['control characters', 'alice\r\n@example.test'],
    ['NUL', 'alice@example.test\0'],
    ['10 KB', `alice@example.test${' '.repeat(10_240)}`],
    ['mixed scripts', 'аlice@example.test'],
    ['a detail', 'alice+x@example.test'],
    ['another domain merged', '*@other.test2'],
  ])('whoever calls himself so: %s', async (_, user) => {
    const town = new Town()
    const { secret } = town.credential({ inbox: undefined, grants: ['*'] })
    expect(await town.gate().ask(asked(secret, { user }))).toMatchObject({ admitted: false, cause: 'no such user' })
  })

  test.each([
    [['alice@example.test'], '*@example.test', 'address not granted'],
    [['support-*@example.test'], '*@example.test', 'address not granted'],
    [['*@example.test'], '*@other.test', 'another environment'],
  ])('the merged inbox with %j as %s', async (grants, user, cause) => {
    const town = new Town()
    const { secret } = town.credential({ grants })
    expect(await town.gate().ask(asked(secret, { user }))).toMatchObject({ admitted: false, cause })
  })

  test('IMAP needs a domain that keeps mail; sending does not', async () => {
    const town = new Town()
    town.domain('example.test', { mode: 'zero-retention' })
    const { secret } = town.credential()
    expect(await town.gate().ask(asked(secret, { protocol: 'smtp' }))).toMatchObject({ admitted: true })
  })

  test('a mail credential does not call the API, an API key opens no mail', async () => {
    const town = new Town()
    const mail = town.credential()
    const api = town.credential({ scopes: ['api', 'admin'], inbox: undefined, grants: ['*'] })
    const gate = town.gate()
    const cause = 'scope missing'
    expect(await gate.ask(asked(mail.secret, { protocol: 'api', user: undefined }))).toMatchObject({ cause })
    for (const protocol of ['imap', 'smtp'] as const)
      expect(await gate.ask(asked(api.secret, { protocol }))).toMatchObject({ cause })
  })

  test('who owns it is known where something was: the credential, or the inbox that was meant', async () => {
    const town = new Town()
    const { secret, credential } = town.credential()
    await town.gate().ask(asked(wrongOf(secret)))
    await town.gate().ask(asked('nothing of ours'))
    expect(town.refusals).toMatchObject([
      { credential: { publicId: credential.publicId } },
      { credential: undefined, place: { inbox: { address: 'alice@example.test' } } },
    ])
  })
})

describe('tokens', () => {
  const withToken = (verdict: Awaited<ReturnType<NonNullable<Town['tokens']>>>) => {
    const town = new Town()
    town.tokens = async () => verdict
    return town
  }
  const good = { address: 'Alice@example.test', expiresAt: now0 + 1 }
  const token = (user: string | undefined, more: Partial<Question> = {}) => ({ ...asked('', more), user, token: 't' })

  test.each([undefined, 'alice@example.test', 'ALICE@example.test'])('lets in as %s whom it names', async (user) => {
    const answer = await withToken(good).gate().ask(token(user))
    expect(answer).toMatchObject({
      ...{ admitted: true, credential: undefined, rights: { imap: 'full', smtp: true, api: false, admin: false } },
      ...{ place: { inbox: { address: 'alice@example.test' } }, expiresAt: good.expiresAt },
    })
  })

  test.each<[Cause, string | undefined, Awaited<ReturnType<NonNullable<Town['tokens']>>>, Partial<Question>]>([
    ['token expired', 'alice@example.test', { cause: 'token expired' }, {}],
    ['token names another address', 'bob@example.test', good, {}],
    ['token names another address', '*@example.test', good, {}],
    ['token names another address', 'nobody', good, {}],
    ['no such user', undefined, { ...good, address: 'nobody@example.test' }, {}],
    ['scope missing', undefined, good, { protocol: 'api' }],
  ])('refused: %s', async (cause, user, verdict, more) => {
    const town = withToken(verdict)
    expect(await town.gate().ask(token(user, more))).toMatchObject({ admitted: false, cause })
  })
})

test('the same question from the same place costs one answer, whoever else asks', async () => {
  const town = new Town()
  const { secret } = town.credential()
  const gate = town.gate()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => gate.ask(asked(i % 2 === 0 ? secret : 'wrong', { address: home }))),
  )
  expect(answers.filter(({ admitted }) => admitted)).toHaveLength(25)
})
