// The answer of a rule as a mail program reads it.

import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { replyText } from '../src/rules/reply-text.js'

const header = Buffer.from(
  'Message-ID: <one@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_dem_B=C3=BCro=2C_und_noch_vieles_mehr_das_lang_ist?=\r\n\r\n',
)
const replying = {
  ...{ inbox: { address: 'ada@example.test', displayName: 'Ada "A." Lövelace' }, to: 'carol@example.org', header },
  ...{ isSecret: false, hostname: 'mx.example.test', queueId: 'q_1', now: Date.UTC(2026, 10, 20, 9, 30) },
}
const action = { kind: 'reply', text: "I'm away.\nGrüße", subject: undefined, days: 7 } as const

test('says who answers whom and what, and that a machine does', async () => {
  const bytes = Buffer.from(replyText(action, replying))
  expect(bytes.every((byte) => byte < 0x80)).toBe(true)
  expect(
    Math.max(
      ...bytes
        .toString()
        .split('\r\n')
        .map(({ length }) => length),
    ),
  ).toBeLessThan(100)
  const mail = await simpleParser(bytes)
  expect(mail).toMatchObject({
    ...{ subject: 'Auto: Grüße aus dem Büro, und noch vieles mehr das lang ist', messageId: '<q_1@mx.example.test>' },
    ...{ inReplyTo: '<one@example.org>', text: "I'm away.\nGrüße\n", date: new Date(replying.now) },
    from: { value: [{ address: 'ada@example.test', name: 'Ada "A." Lövelace' }] },
    to: { value: [{ address: 'carol@example.org' }] },
  })
  expect(mail.headers.get('auto-submitted')).toBe('auto-replied')
})

test.each([
  ['Away', { action: { ...action, subject: 'Away' } }],
  ['Automatic reply', { replying: { ...replying, isSecret: true } }],
  ['Automatic reply', { replying: { ...replying, header: Buffer.from('X: y\r\n\r\n') } }],
])('has the Subject %s', async (subject, given) => {
  const made = { action, replying, ...given }
  expect(await simpleParser(Buffer.from(replyText(made.action, made.replying)))).toMatchObject({ subject })
})

test('nothing that came makes a field of its own', () => {
  const evil = Buffer.from('Message-ID: <a@b>\tX-Evil: 1\r\nSubject: =?utf-8?q?a=0D=0AX-Evil:_1?=\r\n\r\n')
  expect(Buffer.from(replyText(action, { ...replying, header: evil })).toString()).not.toMatch(/^X-Evil/m)
})
