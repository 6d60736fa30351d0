// The commands that furnish a domain for its mode: OpenPGP keys, checked when they're set, and the sink, whose secret is shown once.

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { folder } from './commands-folder.js'
import { newFolder } from './gateway-process.js'

vi.setConfig({ testTimeout: 60_000 })

test('a key is judged before it is kept; without one no domain is encrypted', async () => {
  const { ask, text } = await folder()
  const files = newFolder()
  const gpg = (...words: string[]): string =>
    execFileSync(
      'gpg',
      ['--homedir', files, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...words],
      {
        ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      },
    )
  onTestFinished(() => void execFileSync('gpgconf', ['--homedir', files, '--kill', 'all']))
  gpg('--quick-gen-key', 'ada@example.test', 'future-default')
  const written = (name: string, content: string): string => {
    writeFileSync(join(files, name), content)
    return join(files, name)
  }
  const update = (...words: string[]) => ask('domain', 'update', 'example.test', ...words)
  expect((await update('--mode', 'encrypted')).error).toMatchObject({
    name: 'invalid',
    message: expect.stringMatching(/needs a public key/),
  })
  const none = await update('--public-key', written('none.asc', 'x'))
  expect(none.error).toMatchObject({ name: 'usage', message: expect.stringMatching(/no armoured OpenPGP key/) })
  const own = await update('--public-key', written('secret.asc', gpg('--armor', '--export-secret-keys')))
  expect(own.error).toMatchObject({ name: 'usage', message: expect.stringMatching(/private key/) })

  const { said } = await update('--mode', 'encrypted', '--public-key', written('ada.asc', gpg('--armor', '--export')))
  const fingerprint = expect.stringMatching(/^[0-9A-F]{40}$/)
  expect(said).toMatchObject({ mode: 'encrypted', public_key: { fingerprint, expires_at: expect.anything() } })
  expect(await text('domain', 'show', 'example.test')).toMatch(/^OpenPGP key +[0-9A-F]{40}/m)
  expect((await update('--public-key', 'none')).error).toMatchObject({ name: 'invalid' })

  await ask('inbox', 'create', 'ada@example.test')
  const inbox = (...words: string[]) => ask('inbox', 'update', 'ada@example.test', ...words)
  expect((await inbox('--public-key', join(files, 'ada.asc'))).said).toMatchObject({ public_key: { fingerprint } })
  expect((await inbox('--public-key', 'none')).said).toMatchObject({ public_key: null })
})

test('a sink has a new secret each time it is set, shown that once', async () => {
  const { ask, text } = await folder()
  const sink = (...words: string[]) => ask('domain', 'sink', 'example.test', ...words)
  const url = 'https://hooks.example.net/mail'
  const first = (await sink(url)).said as unknown as { secret: string }
  expect(first).toMatchObject({ url, domain: 'example.test', secret: expect.stringMatching(/^ps_sink_[0-9a-f]{64}$/) })
  expect((await sink()).said).toMatchObject({ url, secret: null })
  expect((await sink(url)).said).not.toMatchObject({ secret: first.secret })
  expect((await sink('http://hooks.example.net/')).error).toMatchObject({
    name: 'usage',
    message: expect.stringMatching(/not one of https/),
  })
  expect(JSON.stringify((await ask('audit', 'list')).said)).not.toMatch(/ps_sink|hooks/)
  expect(await text('domain', 'sink', 'example.test')).toMatch(/^Goes to +https:\/\/hooks\.example\.net\/mail$/m)
  for (const [host, address] of [
    ['[::1]', '::1'],
    ['0x0a.1', '10.0.0.1'],
  ])
    expect((await sink(`https://${host}/`)).said, host).toMatchObject({
      warnings: [expect.stringMatching(`^${address} is no public address`)],
    })
  expect((await sink('https://192.88.98.1/')).said).toMatchObject({ warnings: [] })
  expect((await sink('none')).said).toMatchObject({ url: null })
})

test('how long mail is kept is set folder by folder, and taken back', async () => {
  const { ask, text } = await folder()
  const update = async (...words: string[]): Promise<unknown> =>
    (await ask('domain', 'update', 'example.test', ...words.flatMap((word) => ['--retention', word]))).said
      .retention_days
  expect((await ask('domain', 'show', 'example.test')).said).toMatchObject({
    retention_days: { '\\Trash': 30, '\\Junk': 30 },
  })
  expect(await update('trash=7', 'spam=none', '*=365')).toEqual({ '\\Trash': 7, '\\Junk': null, '*': 365 })
  expect(await update('INBOX=none')).toEqual({ '\\Trash': 7, '\\Junk': null, '*': 365, INBOX: null })
  expect(await text('domain', 'show', 'example.test')).toMatch(
    /^Mail is kept +Trash 7 days, Spam for ever, other folders 365 days, INBOX for ever$/m,
  )
  expect(await update('Trash=default', 'Spam=default', '*=default', 'INBOX=default')).toEqual({
    ...{ '\\Trash': 30, '\\Junk': 30 },
  })
  for (const wrong of ['Trash', 'Trash=0', 'Trash=-1', 'Trash=36501', '=7', 'Trash=soon']) {
    const { error } = await ask('domain', 'update', 'example.test', '--retention', wrong)
    expect(error, wrong).toMatchObject({ name: 'usage' })
  }
})
