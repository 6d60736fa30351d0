// Who may come in, through the whole gateway, while a second hand changes the directory on the same data folder.

import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { ImapFlow } from 'imapflow'
import { expect, onTestFinished, test } from 'vitest'
import type { Announcement } from '../src/announcement.js'
import { newFolder, type Process, postern, started, stop } from './gateway-process.js'
import { nobodys, SecondHand, wrong } from './second-hand.js'

interface Running {
  readonly gateway: Process
  readonly said: Announcement
  readonly hand: SecondHand
}

async function running(settings: Record<string, string> = {}): Promise<Running> {
  const dataDir = join(newFolder(), 'data')
  const env = { POSTERN_DATA_DIR: dataDir, POSTERN_BIND: '127.0.0.1', ...settings }
  const gateway = postern(['start', '--json'], { env })
  const said = await started(gateway)
  return { gateway, said, hand: await SecondHand.on(dataDir) }
}

/** A person who types. */
async function person({ said }: Running) {
  const ca = readFileSync(said.caFile as string)
  const socket = connect({ host: '127.0.0.1', port: said.imap!.port, ca, servername: 'localhost' })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  let closedAt: number | undefined
  socket
    .on('error', () => undefined)
    .once('close', () => {
      closedAt = performance.now()
    })
  const heard = async (words: string | RegExp, from = 0): Promise<string> => {
    const isThere = () => (typeof words === 'string' ? text.slice(from).includes(words) : words.test(text.slice(from)))
    await expect.poll(isThere, { timeout: 10_000, interval: 5, message: `${words}` }).toBe(true)
    return text.slice(from)
  }
  await heard('* OK')
  return {
    socket,
    text: () => text,
    closedAt: () => closedAt,
    say(line: string, until = `${line.split(' ')[0]} `): Promise<string> {
      const from = text.length
      socket.write(`${line}\r\n`)
      return heard(new RegExp(`^${until.replace(/[[\]*+]/g, '\\$&')}.*\\r\\n`, 'm'), from)
    },
  }
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

test('what lets somebody in is taken back by another process: his sessions end within two seconds, and only his', async () => {
  const it = await running()
  const { hand } = it
  const { directory } = hand
  const other = await directory.createDomain({ environment: hand.environment, name: 'other.test' })
  await directory.markDomainVerified(other.id, { how: 'operator' })
  const elsewhere = await directory.createInbox({ domain: other.id, address: 'eve@other.test' })
  type Person = Awaited<ReturnType<SecondHand['person']>>
  const ways: Record<string, (someone: Person) => Promise<unknown>> = {
    revoked: ({ credential }) => directory.revokeCredential(credential.id),
    deleted: ({ credential }) => directory.deleteCredential(credential.id),
    disabled: ({ credential }) => directory.updateCredential(credential.id, { disabled: true }),
    expired: ({ credential }) => directory.updateCredential(credential.id, { expiresAt: Date.now() }),
    narrowed: ({ credential }) => directory.updateCredential(credential.id, { scopes: ['imap:read'] }),
    'kept to another network': ({ credential }) =>
      directory.updateCredential(credential.id, { networks: ['198.51.100.0/24'] }),
    rotated: ({ credential }) => directory.addSecret(credential.id, { secret: hand.mint(), overlapMs: 0 }),
    'inbox disabled': ({ inbox }) => directory.updateInbox(inbox.id, { disabled: true }),
    'inbox deleted': ({ inbox }) => directory.deleteInbox(inbox.id),
    'domain no longer kept': () => directory.updateDomain(other.id, { mode: 'zero-retention' }),
  }
  const sessions = await Promise.all(
    Object.entries(ways).map(async ([name, takeBack], i) => {
      const isElsewhere = name.startsWith('domain')
      const someone = isElsewhere
        ? { inbox: elsewhere, ...(await hand.credential({ inbox: elsewhere.id })) }
        : await hand.person(`p${i}@example.test`)
      const session = await person(it)
      await session.say(`a LOGIN ${someone.inbox.address} ${someone.secret}`, 'a OK')
      // Half of them are in IDLE, half between two commands.
      if (i % 2 === 0) await session.say('b SELECT INBOX', 'b OK')
      if (i % 2 === 0) await session.say('c IDLE', '+ ')
      return { name, session, takeBack: () => takeBack(someone), someone }
    }),
  )
  const bystander = await person(it)
  await bystander.say(`a LOGIN me@example.test ${it.said.firstStart!.password}`, 'a OK')
  for (const { name, session, takeBack } of sessions) {
    const at = performance.now()
    await takeBack()
    await expect.poll(() => session.closedAt(), { timeout: 5_000, interval: 5, message: name }).toBeDefined()
    expect((session.closedAt() as number) - at, name).toBeLessThan(2_000)
    expect(session.text(), name).toMatch(/\r\n\* BYE The session has ended\r\n$/)
  }
  expect(await bystander.say('z NOOP')).toBe('z OK Nothing done\r\n')
  for (const { name, someone } of sessions) {
    if (name === 'narrowed') continue
    const again = await person(it)
    expect(await again.say(`a LOGIN ${someone.inbox.address} ${someone.secret}`), name).toBe(
      'a NO [AUTHENTICATIONFAILED] Authentication failed\r\n',
    )
  }
  expect(await stop(it.gateway)).toBe(0)
})

test('a session in the middle of a long answer that it does not read ends within two seconds, too', async () => {
  const it = await running()
  const { hand } = it
  const someone = await hand.person('slow@example.test')
  await hand.deliver(someone.inbox.id, 'long', 'x'.repeat(30_000_000))
  const session = await person(it)
  await session.say(`a LOGIN slow@example.test ${someone.secret}`, 'a OK')
  await session.say('b SELECT INBOX', 'b OK')
  session.socket.pause()
  session.socket.write('c FETCH 1 BODY.PEEK[]\r\n')
  await new Promise((resolve) => setTimeout(resolve, 200))
  await hand.directory.revokeCredential(someone.credential.id)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  session.socket.resume()
  await expect.poll(() => session.closedAt(), { timeout: 5_000, interval: 5 }).toBeDefined()
  expect(session.text().length, 'only what was on its way').toBeLessThan(30_000_000)
  expect(await stop(it.gateway)).toBe(0)
})

test('every refusal is the same for the client; its true cause is in the log and the audit, under one id', async () => {
  const it = await running()
  const { hand } = it
  const { directory } = hand
  const environment = await directory.createEnvironment({
    tenant: (await directory.getEnvironment(hand.environment)).tenant,
    name: 'staging',
  })
  const tenant = await directory.createTenant({ name: 'another' })
  const theirs = await directory.createEnvironment({ tenant: tenant.id, name: 'production' })
  const unverified = await directory.createDomain({ environment: hand.environment, name: 'unverified.test' })
  const passing = await directory.createDomain({
    ...{ environment: hand.environment, name: 'passing.test', mode: 'zero-retention' },
  })
  await directory.markDomainVerified(passing.id, { how: 'operator' })
  const foreign = await directory.createDomain({ environment: theirs.id, name: 'foreign.test' })
  await directory.markDomainVerified(foreign.id, { how: 'operator' })
  for (const { id, name } of [unverified, passing, foreign])
    await directory.createInbox({ domain: id, address: `bob@${name}` })
  const { secret } = await hand.person('carol@example.test')
  const all = { kind: 'key', grants: ['*'] } as const
  const everything = await hand.credential(all)
  const person_ = async (name: string, options = {}) => (await hand.person(`${name}@example.test`, options)).secret
  const revoked = await hand.person('revoked@example.test')
  await directory.revokeCredential(revoked.credential.id)
  const disabled = await hand.person('disabled@example.test')
  await directory.updateCredential(disabled.credential.id, { disabled: true })
  const closed = await hand.person('closed@example.test')
  await directory.updateInbox(closed.inbox.id, { disabled: true })
  const rows: [cause: string, user: string, secret: string][] = [
    ['no secret of ours', 'carol@example.test', 'hunter2'],
    ['unknown secret', 'carol@example.test', nobodys(secret)],
    ['wrong secret', 'carol@example.test', wrong(secret)],
    ['scope missing', 'sender@example.test', await person_('sender', { scopes: ['smtp'] })],
    ['another environment', 'bob@foreign.test', everything.secret],
    [
      'another environment',
      'carol@example.test',
      (await hand.credential({ ...all, environment: environment.id })).secret,
    ],
    ['domain not verified', 'bob@unverified.test', everything.secret],
    ['domain keeps no mail', 'bob@passing.test', everything.secret],
    ['credential expired', 'old@example.test', await person_('old', { expiresAt: Date.now() - 1 })],
    ['credential disabled', 'disabled@example.test', disabled.secret],
    ['credential revoked', 'revoked@example.test', revoked.secret],
    ['network not allowed', 'bound@example.test', await person_('bound', { networks: ['198.51.100.0/24'] })],
    ['inbox disabled', 'closed@example.test', closed.secret],
    ['address not granted', 'me@example.test', secret],
    ['no such user', 'nobody@example.test', everything.secret],
    ['no such user', 'carol+detail@example.test', everything.secret],
  ]
  for (const [cause, user, given] of rows) {
    const session = await person(it)
    expect(await session.say(`a LOGIN ${user} ${quoted(given)}`), cause).toBe(
      'a NO [AUTHENTICATIONFAILED] Authentication failed\r\n',
    )
    session.socket.destroy()
  }
  const logged = () =>
    it.gateway
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"login refused"'))
      .map((line) => JSON.parse(line))
  await expect.poll(() => logged().length).toBe(rows.length)
  expect(logged().map(({ cause, user }) => [cause, user])).toEqual(rows.map(([cause, user]) => [cause, user]))
  const kept = async () => (await directory.listAudit()).items.filter(({ action }) => action === 'login.refused')
  await expect.poll(async () => (await kept()).length).toBe(rows.length)
  expect((await kept()).map(({ detail, correlation, object }) => [detail?.cause, correlation, object])).toEqual(
    logged().map(({ cause, correlation, user }) => [cause, correlation, user]),
  )
  const owners = (await kept()).map(({ tenant: owner }) => owner)
  expect(
    owners.every((owner) => owner !== undefined && owner !== tenant.id),
    'told to who owns the secret',
  ).toBe(true)
  expect(it.gateway.stdout()).not.toContain('hunter2')
  expect(JSON.stringify(await kept())).not.toMatch(/hunter2|ps_(?:app|key)_[0-9a-z]{10}_/)
  expect(await stop(it.gateway)).toBe(0)
})

test('user names: any spelling of the address, exactly that address, and the other rules', async () => {
  const it = await running()
  const { hand } = it
  const { directory } = hand
  const idn = await directory.createDomain({ environment: hand.environment, name: 'bücher.test' })
  await directory.markDomainVerified(idn.id, { how: 'operator' })
  await directory.addDomainAlias(hand.domain.id, { name: 'alias.test' })
  await directory.createInbox({ domain: idn.id, address: 'jörg@bücher.test' })
  await directory.createInbox({ domain: hand.domain.id, address: '"with space"@example.test' })
  const carol = await hand.inbox('carol@example.test')
  await directory.addAlias(carol.id, { address: 'caroline@example.test' })
  const { secret } = await hand.credential({ kind: 'key', grants: ['*'] })
  const bound = await hand.person('robot@example.test', { anyUsername: true })
  const rows: [user: string, given: string, isIn: boolean][] = [
    ['carol@example.test', secret, true],
    ['CAROL@EXAMPLE.TEST', secret, true],
    ['carol@example.test.', secret, true],
    ['"carol"@example.test', secret, true],
    ['"with space"@example.test', secret, true],
    ['"WITH\\ space"@example.test', secret, true],
    ['jörg@bücher.test', secret, true],
    ['JÖRG@BÜCHER.TEST', secret, true],
    ['jo\u0308rg@xn--bcher-kva.test', secret, true],
    ['JÖRG@XN--BCHER-KVA.test', secret, true],
    ['*@example.test', secret, true],
    ['*@Bücher.test', secret, true],
    ['*@xn--bcher-kva.TEST', secret, true],
    ['whatever', bound.secret, true],
    ['carol@example.test', bound.secret, true],
    ['*@example.test', bound.secret, true],
    ['*@', bound.secret, true],
    ['carol', secret, false],
    ['caroline@example.test', secret, false],
    ['carol+x@example.test', secret, false],
    ['carol@alias.test', secret, false],
    ['*@alias.test', secret, false],
    ['*@nowhere.test', secret, false],
    ['*@*', secret, false],
    ['"*"@example.test', secret, false],
    ['*@', secret, false],
    ['@example.test', secret, false],
    [' carol@example.test', secret, false],
    ['carol@example.test ', secret, false],
    ['c\u0430rol@example.test', secret, false],
    ['carol\u202e@example.test', secret, false],
    ['car\tol@example.test', secret, false],
    [`${'a'.repeat(10_240)}@example.test`, secret, false],
  ]
  for (const [user, given, isIn] of rows) {
    const session = await person(it)
    const message = Buffer.from(`\0${user}\0${given}`).toString('base64')
    expect(await session.say(`a AUTHENTICATE PLAIN ${message}`), user.slice(0, 50)).toMatch(
      isIn ? /^a OK / : /^a NO \[AUTHENTICATIONFAILED] Authentication failed\r\n$/,
    )
    session.socket.destroy()
  }
  const session = await person(it)
  expect(await session.say(`a AUTHENTICATE PLAIN ${Buffer.from(`\0a\0b\0${secret}`).toString('base64')}`)).toMatch(
    /^a BAD /,
  )
  expect(await stop(it.gateway)).toBe(0)
})

test('*@domain with real clients: one INBOX, shared flags, IDLE hears every inbox', async () => {
  const it = await running()
  const { hand } = it
  const [ada, bob] = [await hand.inbox('ada@example.test'), await hand.inbox('bob@example.test')]
  await hand.deliver(ada.id, 'one')
  await hand.deliver(bob.id, 'two')
  const { secret } = await hand.credential({ kind: 'key', grants: ['*@example.test'] })
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port: it.said.imap!.port, secure: true, logger: false },
    auth: { user: '*@example.test', pass: secret },
    tls: { ca: readFileSync(it.said.caFile as string), servername: 'localhost' },
  })
  onTestFinished(() => client.close())
  await client.connect()
  expect((await client.list()).map(({ path }) => path)).toEqual(['INBOX'])
  expect(await client.mailboxOpen('INBOX')).toMatchObject({ exists: 2, readOnly: false })
  const subjects = async () => {
    const found: (string | undefined)[] = []
    for await (const { envelope } of client.fetch('1:*', { envelope: true })) found.push(envelope?.subject)
    return found
  }
  expect(await subjects()).toEqual(['one', 'two'])
  await client.messageFlagsAdd('2', ['\\Seen', '$Label1'])
  const bobs = await hand.store.account(bob.id).mailbox('INBOX')
  expect(bobs?.status.unseen).toBe(0)
  await expect(client.append('INBOX', 'Subject: no\r\n\r\n')).rejects.toMatchObject({ serverResponseCode: 'CANNOT' })

  const script = `
import imaplib, json, ssl, sys
mail = imaplib.IMAP4_SSL("localhost", int(sys.argv[1]), ssl_context=ssl.create_default_context(cafile=sys.argv[2]))
said = {"login": mail.login("*@example.test", sys.argv[3])[0], "list": [line.decode() for line in mail.list()[1]]}
said["count"] = mail.select("INBOX")[1][0].decode()
said["seen"] = mail.search(None, "SEEN")[1][0].decode()
mail.store("1", "+FLAGS", "\\\\Deleted")
said["expunged"] = [line.decode() for line in mail.expunge()[1]]
said["copy"] = [mail.copy("1", "INBOX")[0], mail.create("Box")[0]]
mail.logout()
print(json.dumps(said))`
  const { stdout } = await promisify(execFile)('python3', [
    ...['-c', script, String(it.said.imap!.port), it.said.caFile as string, secret],
  ])
  expect(JSON.parse(stdout)).toEqual({
    ...{ login: 'OK', list: ['(\\HasNoChildren) "/" INBOX'], count: '2', seen: '2', expunged: ['1'] },
    copy: ['NO', 'NO'],
  })
  await client.noop()
  expect(await subjects()).toEqual(['two'])
  expect((await hand.store.account(ada.id).mailbox('INBOX'))?.status.messages).toBe(0)
  await client.logout()
  expect(await stop(it.gateway)).toBe(0)
})

test('last used: when, by which protocol, from where, and what the client calls itself', async () => {
  const it = await running()
  const { hand } = it
  const { secret, credential, inbox } = await hand.person('ada@example.test')
  const used = async () => (await hand.directory.getCredential(credential.id)).lastUsed
  expect(await used()).toBeUndefined()
  const session = await person(it)
  const before = Date.now()
  await session.say(`a LOGIN ${inbox.address} ${secret}`, 'a OK')
  await expect.poll(used).toMatchObject({ protocol: 'imap', network: '127.0.0.1' })
  expect((await used())?.at).toBeGreaterThanOrEqual(before)
  await session.say('b ID ("name" "Thunderbird" "version" "128.0")', 'b OK')
  await expect.poll(async () => (await used())?.client).toBe('Thunderbird 128.0')
  const early = await person(it)
  await early.say('a ID ("name" "curl")', 'a OK')
  await early.say(`b LOGIN ${inbox.address} ${secret}`, 'b OK')
  await expect.poll(async () => (await used())?.client).toBe('curl')
  expect(await stop(it.gateway)).toBe(0)
})

test('guesses wait; an old password again and again does not, nor does a network that knows the inbox', async () => {
  const it = await running()
  const { hand } = it
  const ada = await hand.person('ada@example.test')
  const bob = await hand.person('bob@example.test')
  const tried = async (user: string, secret: string): Promise<number> => {
    const session = await person(it)
    const begun = performance.now()
    await session.say(`a LOGIN ${user} ${secret}`)
    session.socket.destroy()
    return performance.now() - begun
  }
  for (let i = 0; i < 6; i++) expect(await tried('ada@example.test', wrong(ada.secret))).toBeLessThan(240)
  const guesses: number[] = []
  for (let i = 0; i < 5; i++) guesses.push(await tried('ada@example.test', `guess${i}`))
  expect(guesses[0]).toBeLessThan(240)
  expect(guesses[3]).toBeGreaterThan(240)
  expect(guesses[4]).toBeGreaterThan(490)
  expect(await tried('ada@example.test', wrong(ada.secret)), 'the old one').toBeLessThan(240)
  expect(await tried('ada@example.test', ada.secret), 'right, at last').toBeGreaterThan(490)
  expect(await tried('ada@example.test', ada.secret), 'and known now').toBeLessThan(240)
  expect(await tried('bob@example.test', bob.secret), 'another name').toBeLessThan(240)
  expect(await stop(it.gateway)).toBe(0)
})

test('tokens of a configured issuer: real clients log in with them, and the session ends when the token does', async () => {
  const keys = join(newFolder(), 'keys.json')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(keys, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }] }))
  const issuer = { issuer: 'https://login.example.test', audience: 'postern', jwks: keys, domains: ['example.test'] }
  const it = await running({ POSTERN_OAUTH_ISSUERS: JSON.stringify([issuer]) })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = (more: object = {}): string => {
    const exp = Math.floor(Date.now() / 1_000) + 600
    const claims = { iss: issuer.issuer, aud: 'postern', email: 'me@example.test', exp, ...more }
    const signed = `${part({ alg: 'ES256', kid: 'k' })}.${part(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port: it.said.imap!.port, secure: true, logger: false },
    auth: { user: 'me@example.test', accessToken: token() },
    tls: { ca: readFileSync(it.said.caFile as string), servername: 'localhost' },
  })
  onTestFinished(() => client.close())
  await client.connect()
  expect(client.authenticated).toBeTruthy()
  expect(await client.mailboxOpen('INBOX')).toMatchObject({ readOnly: false })
  await client.logout()

  const script = `
import imaplib, ssl, sys
mail = imaplib.IMAP4_SSL("localhost", int(sys.argv[1]), ssl_context=ssl.create_default_context(cafile=sys.argv[2]))
words = "user=me@example.test\\x01auth=Bearer %s\\x01\\x01"
try:
    answers = [words % "a.bad.token", ""]
    mail.authenticate("XOAUTH2", lambda challenge: answers.pop(0).encode())
except imaplib.IMAP4.error as error:
    print(error)
print(mail.authenticate("XOAUTH2", lambda _: (words % sys.argv[3]).encode())[0])
mail.logout()`
  const { stdout } = await promisify(execFile)('python3', [
    ...['-c', script, String(it.said.imap!.port), it.said.caFile as string, token()],
  ])
  expect(stdout).toMatch(/\[AUTHENTICATIONFAILED\] Authentication failed.*\nOK\n$/s)

  const session = await person(it)
  expect(session.text()).toContain('AUTH=PLAIN AUTH=LOGIN AUTH=OAUTHBEARER AUTH=XOAUTH2')
  const short = token({ exp: Math.floor(Date.now() / 1_000) - 57 })
  const bearer = Buffer.from(`n,,\x01auth=Bearer ${short}\x01\x01`).toString('base64')
  await session.say(`a AUTHENTICATE OAUTHBEARER ${bearer}`, 'a OK')
  await expect.poll(() => session.closedAt(), { timeout: 6_000 }).toBeDefined()
  expect(session.text()).toContain('* BYE The session has ended')
  await expect.poll(() => it.gateway.stdout()).toContain('token expired')
  expect(await stop(it.gateway)).toBe(0)
})
