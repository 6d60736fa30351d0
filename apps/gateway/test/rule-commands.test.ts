// The commands of rules, run in the test's own process and without a gateway: how a rule is given, named, moved and tried, and every refusal.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { commandLine } from './command-line.js'
import { folder } from './commands-folder.js'
import { newFolder } from './gateway-process.js'

// A command opens the store and closes it again.
vi.setConfig({ testTimeout: 90_000 })

const ada = 'ada@example.test'
const json = (rule: object): string => JSON.stringify({ name: 'r', do: [{ keep: true }], ...rule })
const fileOf = (name: string, text: string): string => {
  const path = join(newFolder(), name)
  writeFileSync(path, text)
  return path
}

const furnished = () =>
  folder(async ({ directory }, domain) => {
    const verified = await directory.markDomainVerified(domain, { how: 'operator' })
    await directory.createInbox({ domain, address: ada })
    await directory.createInbox({ domain, address: 'bob@example.test' })
    const { environment } = verified
    const none = await directory.createDomain({ environment, name: 'none.test', mode: 'zero-retention' })
    await directory.createInbox({ domain: none.id, address: 'eve@none.test' })
  })

test('a rule is added, listed, shown, changed, moved and removed, by its name, id or place', async () => {
  const { ask, text } = await furnished()
  expect((await ask('rule', 'list', ada)).said).toEqual({ data: [] })
  const { said: made } = await ask('rule', 'add', ada, '--rule', json({ name: 'Invoices', do: [{ file: 'A/B' }] }))
  expect(made).toMatchObject({ inbox: ada, place: 1, name: 'Invoices', enabled: true, unreadable: null, warnings: [] })
  expect(made).toMatchObject({ rule: { name: 'Invoices', do: [{ file: 'A/B' }] } })
  expect(made).not.toHaveProperty('secret')
  const second = fileOf('rule.json', json({ name: 'Second' }))
  expect((await ask('rule', 'add', ada, '--file', second, '--at', '1')).said).toMatchObject({ place: 1 })
  expect((await ask('rule', 'move', ada, 'Invoices', '1')).said).toMatchObject({ place: 1, name: 'Invoices' })
  expect((await ask('rule', 'update', ada, '2', '--name', 'Later', '--enabled', 'off')).said).toMatchObject({
    ...{ place: 2, name: 'Later', enabled: false, rule: { name: 'Later', enabled: false, do: [{ keep: true }] } },
  })
  const changed = await ask('rule', 'update', ada, 'Later', '--rule', json({ name: 'Again', stop: true }))
  expect(changed.said).toMatchObject({ place: 2, name: 'Again', enabled: true, rule: { stop: true } })
  expect(await text('rule', 'list', ada)).toMatch(
    /^PLACE {2}NAME.*\n1 +Invoices +rul_\w+ +on .*\n2 +Again +rul_\w+ +on /,
  )
  expect(await text('rule', 'show', ada, made.id as never)).toMatch(/Rule +Invoices\n.*\n\n\{\n.*"file": "A\/B"/s)
  expect(await text('rule', 'remove', ada, 'Invoices')).toBe(`Removed the rule Invoices of ${ada}.\n`)
  expect((await ask('rule', 'list', ada)).said).toMatchObject({ data: [{ place: 1, name: 'Again' }] })
  const audit = (await ask('audit', 'list', '--object', made.id as never)).said as { data?: { action: string }[] }
  expect(audit.data?.map(({ action }) => action)).toEqual(expect.arrayContaining(['rule.create', 'rule.remove']))
})

test('the secret of a sink is shown once; another URL keeps it, and it goes with the sink', async () => {
  const { ask, env } = await furnished()
  const sink = (url: string): string => json({ do: [{ sink: url }] })
  const { said: made } = await ask('rule', 'add', ada, '--rule', sink('https://a.test/'))
  expect(made.secret).toMatch(/^ps_sink_[0-9a-f]{64}$/)
  const { stdout } = await commandLine(['rule', 'show', ada, 'r', '--json'], { env })
  expect(stdout).not.toContain('ps_sink_')
  expect((await ask('rule', 'update', ada, 'r', '--rule', sink('https://b.test/'))).said).not.toHaveProperty('secret')
  const { said: fresh } = await ask('rule', 'update', ada, 'r', '--new-secret')
  expect(fresh.secret).toMatch(/^ps_sink_/)
  expect(fresh.secret).not.toBe(made.secret)
  await ask('rule', 'update', ada, 'r', '--rule', json({}))
  expect((await ask('rule', 'update', ada, 'r', '--new-secret')).error).toMatchObject({
    message: 'The rule has no sink.',
  })
})

test('all rules of an inbox go out as one document, and come in whole or not at all', async () => {
  const { ask, env } = await furnished()
  await ask('rule', 'add', ada, '--rule', json({ name: 'a', if: { from: { is: 'x@y.test' } } }))
  await ask('rule', 'add', ada, '--rule', json({ name: 'b', do: [{ sink: 'https://a.test/' }] }))
  const { said: exported } = await ask('rule', 'export', ada)
  expect(exported).toMatchObject({ rules: [{ name: 'a' }, { name: 'b', do: [{ sink: 'https://a.test/' }] }] })
  const input = JSON.stringify(exported)
  const { stdout } = await commandLine(['rule', 'import', 'bob@example.test', '-', '--json'], { env, input })
  const imported = JSON.parse(stdout)
  expect(imported.data).toMatchObject([
    { place: 1, name: 'a' },
    { place: 2, name: 'b' },
  ])
  expect(imported.data[1].secret).toMatch(/^ps_sink_/)
  expect((await ask('rule', 'export', 'bob@example.test')).said).toEqual(exported)
  const bad = fileOf('bad.json', JSON.stringify([{ name: 'c', do: [{ keep: true }] }, { name: 'd' }]))
  expect((await ask('rule', 'import', ada, bad)).error.message).toContain('rules[1].do: This is a list')
  const one = fileOf('one.json', JSON.stringify([JSON.parse(json({ name: 'only' }))]))
  await ask('rule', 'import', ada, one, '--replace')
  expect((await ask('rule', 'list', ada)).said).toMatchObject({ data: [{ place: 1, name: 'only' }] })
})

test('a message is tried without being delivered', async () => {
  const { ask, text } = await furnished()
  const mail =
    'Return-Path: <carol@example.org>\r\nFrom: Carol <carol@example.org>\r\nSubject: =?utf-8?q?B=C3=BCro?=\r\n\r\nHello.\r\n'
  const eml = fileOf('mail.eml', mail)
  expect(await text('rule', 'test', ada, eml)).toBe('No rule is for this message.\n\nFiled in  INBOX\n')
  expect((await ask('rule', 'test', ada, eml, '--spam')).said).toMatchObject({ mailboxes: ['\\Junk'] })
  const rules = [
    { name: 'buero', if: { subject: { is: 'BÜRO' } }, do: [{ file: 'Büro' }, { flag: ['\\Seen', 'todo'] }] },
    { name: 'null', if: { sender: { exists: false } }, do: [{ discard: true }], stop: true },
    {
      name: 'on',
      do: [{ forward: 'x@remote.test', copy: false }, { forward: 'bob@example.test' }, { sink: 'https://a.test/' }],
    },
  ]
  const given = fileOf('rules.json', JSON.stringify(rules))
  expect((await ask('rule', 'test', ada, eml, '--rules', given)).said).toEqual({
    ...{
      inbox: ada,
      met: [
        { id: null, name: 'buero' },
        { id: null, name: 'on' },
      ],
      mailboxes: ['INBOX', 'Büro'],
    },
    ...{ flags: ['\\Seen', 'todo'], forwarded: ['bob@example.test'], posted: 1, answered: null },
    not_forwarded: [{ to: 'x@remote.test', why: 'no route' }],
  })
  expect(await text('rule', 'test', ada, eml, '--rules', given, '--sender', 'none')).toMatch(
    /^Met: buero \(given\)\nMet: null \(given\)\n\nFiled in +Büro\nFlags/,
  )
  const twice = fileOf('twice.json', JSON.stringify([JSON.parse(json({ do: [{ file: 'inbox' }, { keep: true }] }))]))
  expect((await ask('rule', 'test', ada, eml, '--rules', twice)).said.mailboxes).toEqual(['INBOX'])
  await ask('rule', 'import', ada, given)
  expect((await ask('rule', 'test', ada, eml)).said.met).toMatchObject([{ id: expect.stringMatching(/^rul_/) }, {}])
})

test('what works otherwise than it may be meant is said', async () => {
  const { ask, env } = await furnished()
  const forward = (to: string): string => json({ do: [{ forward: to }] })
  const warned = async (to: string) => (await ask('rule', 'add', ada, '--rule', forward(to))).said.warnings
  expect(await warned('x@remote.test')).toEqual([expect.stringContaining('There is no route')])
  expect(await warned(ada)).toEqual([expect.stringContaining('leads back')])
  expect(await warned('nobody@example.test')).toEqual([expect.stringContaining('There is no inbox')])
  expect(await warned('bob@example.test')).toEqual([])
  env.POSTERN_ROUTE = 'resend://re_aBc123'
  expect(await warned('x@remote.test')).toEqual([expect.stringContaining('verified senders')])
})

test('what is asked wrongly is refused, with what to do', async () => {
  const { ask } = await furnished()
  await ask('rule', 'add', ada, '--rule', json({ name: 'twice' }))
  await ask('rule', 'add', ada, '--rule', json({ name: 'twice' }))
  const rows: [string[], RegExp][] = [
    [['rule', 'add', ada], /no rule to add/],
    [['rule', 'add', ada, '--rule', '{'], /no JSON/],
    [
      ['rule', 'add', ada, '--rule', json({ do: [{ file: 'A' }, { fly: 1 }], iff: 1 })],
      /iff: .*\n.*do\[1\]: An action is one of/,
    ],
    [['rule', 'add', ada, '--rule', json({ do: [{ file: `a${'/b'.repeat(60)}` }] })], /nest at most/],
    [['rule', 'add', ada, '--rule', json({}), '--file', 'x'], /given twice/],
    [['rule', 'add', 'nobody@example.test', '--rule', json({})], /no inbox/],
    [['rule', 'add', 'eve@none.test', '--rule', json({})], /keeps no mail .*rules of an inbox are not asked/],
    [['rule', 'update', ada, '1'], /Nothing is to be changed/],
    [['rule', 'show', ada, 'none'], /has no rule none/],
    [['rule', 'show', ada, 'twice'], /2 rules are meant/],
    [['rule', 'move', ada, '1', 'up'], /no place/],
  ]
  for (const [words, message] of rows) {
    const { code, error } = await ask(...words)
    expect(code, words.join(' ')).not.toBe(0)
    expect(error.message, words.join(' ')).toMatch(message)
  }
})
