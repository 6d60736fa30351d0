/** No secret comes out of the log, whichever way it went in; and what isn't a secret does. */
import { expect, test } from 'vitest'
import { connectionLogger, type Logger } from '../src/index.js'
import { collectLines } from './lines.js'

const key = 'ps_key_0123456789_abcdefghjkmnpqrstvwxyz0123'
const app = 'ps_app_zyxwvtsrqp_0123456789abcdefghjkmnpqrs'
const plainOf = (shift: number) => Buffer.from(`${'x'.repeat(shift)}\0alice@example.test\0${app}`).toString('base64')

class Refusal extends Error {
  readonly config = { headers: { Authorization: [`Basic ${key}`] }, password: 'hunter2-hunter2' }
}

const withGetter = { get token() { return 'hunter2-hunter2' } } // biome-ignore format: one row

/** What base64 in the text hides, at any position. */
const decoded = (text: string): string =>
  [0, 1, 2, 3]
    .flatMap((shift) =>
      (text.match(/[\w+/-]{8,}/g) ?? []).map((run) => Buffer.from(run.slice(shift), 'base64').toString('latin1')),
    )
    .join(' ')

test.each<[string, (logger: Logger) => void]>([
  ['in the message', (log) => log.info(`login with ${key} failed`)],
  ['in a formatted message', (log) => log.info('login with %s and %o', key, { app })],
  ['in a value', (log) => log.info({ line: `a1 LOGIN alice ${app}` }, 'bad command')],
  ['in a list of lists', (log) => log.info({ a: [[key, { b: app }]] })],
  ['as a field name', (log) => log.info({ [key]: 1 })],
  ['in an error message', (log) => log.error(new Error(`no such key: ${key}`))],
  ['in an error message beside another', (log) => log.error({ err: new Error(key) }, 'failed')],
  ['in a cause', (log) => log.error(new Error('outer', { cause: new Error(`inner ${app}`) }))],
  ['in the fields of an error', (log) => log.error({ err: new Refusal('refused') })],
  [
    'in a child of a child',
    (log) =>
      log
        .child({ key })
        .child({ b: { password: 'hunter2-hunter2' } })
        .info('x'),
  ],
  ['in SASL PLAIN, first position', (log) => log.info(`AUTH PLAIN ${plainOf(0)}`)],
  ['in SASL PLAIN, second position', (log) => log.info(`AUTH PLAIN ${plainOf(1)}`)],
  ['in SASL PLAIN, third position', (log) => log.info({ sasl: plainOf(2) })],
  ['in a URL', (log) => log.info('connecting to redis://user:hunter2-hunter2@redis:6379/0')],
  ['in a URL without a user', (log) => log.info({ url: 'redis://:hunter2-hunter2@redis' })],
  ['password', (log) => log.info({ password: 'hunter2-hunter2' })],
  ['a password with quotes', (log) => log.info({ password: '"}, hunter2-hunter2 \\"' })],
  ['a password of another type', (log) => log.info({ password: ['hunter2-hunter2', { a: 1 }] })],
  ['a deep password', (log) => log.info({ a: { b: [{ c: { d: { e: { f: { passwd: 'hunter2-hunter2' } } } } }] } })],
  ['pass', (log) => log.info({ auth: { user: 'u', pass: 'hunter2-hunter2' } })],
  ['secret', (log) => log.info({ Secret: 'hunter2-hunter2' })],
  ['token', (log) => log.info(withGetter)],
  ['authorization', (log) => log.info({ headers: { Authorization: 'Bearer hunter2-hunter2' } })],
  ['a longer name', (log) => log.info({ imap_password: 'hunter2-hunter2' })],
  ['a longer name in camel case', (log) => log.info({ clientSecret: 'hunter2-hunter2' })],
  ['cookie', (log) => log.info({ headers: { cookie: 'sid=hunter2-hunter2' } })],
  ['set-cookie', (log) => log.info({ headers: { 'Set-Cookie': ['hunter2-hunter2'] } })],
  ['apiKey', (log) => log.info({ apiKey: 'hunter2-hunter2' })],
  ['x-api-key', (log) => log.info({ headers: { 'X-API-Key': 'hunter2-hunter2' } })],
  ['the given admin key', (log) => log.info('the key is correct "horse" battery')],
  [
    'the given admin key in SASL PLAIN',
    (log) => log.info(`AUTH PLAIN ${Buffer.from('\0me\0correct "horse" battery').toString('base64')}`),
  ],
  [
    'the given admin key in base64url',
    (log) => log.info({ h: Buffer.from('>>?correct "horse" battery??>').toString('base64url') }),
  ],
  ['a key in base64url', (log) => log.info({ h: Buffer.from(`>>?${app}??>`).toString('base64url') })],
  ['a bearer token in a text', (log) => log.info('GET / Authorization: Bearer hunter2-hunter2')],
  ['the given admin key in a URL', (log) => log.info('GET /?key=correct%20%22horse%22%20battery')],
])('%s', (_, write) => {
  const { logger, text } = collectLines({ secrets: ['correct "horse" battery'] })
  write(logger)
  expect(text()).toContain('[redacted]')
  expect(text()).not.toMatch(/hunter2|0123456789_|zyxwvtsrqp|horse/)
  expect(decoded(text())).not.toMatch(/zyxwvtsrqp|horse/)
  expect(text()).not.toContain(plainOf(0).slice(-16))
  expect(() => JSON.parse(text())).not.toThrow()
  expect(text().endsWith('\n')).toBe(true)
})

test('what is no secret stays as it was', () => {
  const { logger, last } = collectLines()
  const value = {
    mechanism: 'PLAIN',
    tokens: 3,
    url: 'https://example.test/a:b',
    note: 'the password was wrong',
    ps_key: 1,
  }
  logger.info({ value }, 'login refused')
  expect(last()).toMatchObject({ level: 'info', msg: 'login refused', value })
})

test('a long line of one word is scrubbed in linear time', () => {
  const { logger } = collectLines()
  const beganMs = performance.now()
  for (const letter of ['a', '/', ':', 'ps_', '"', ' ://']) logger.info({ value: letter.repeat(200_000) })
  expect(performance.now() - beganMs).toBeLessThan(1000)
})

test("a connection's lines carry its id, address and protocol", () => {
  const { logger, last } = collectLines()
  connectionLogger(logger, { id: 'c1', remoteAddress: '192.0.2.7', protocol: 'imap' }).info('greeted')
  expect(last()).toMatchObject({ connection: 'c1', remote: '192.0.2.7', protocol: 'imap', msg: 'greeted' })
})

test('lines below the level are not written', () => {
  const { logger, text } = collectLines({ level: 'warn' })
  logger.info('quiet')
  expect(text()).toBe('')
  logger.warn('loud')
  expect(text()).toContain('loud')
})
