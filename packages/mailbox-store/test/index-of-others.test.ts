// Mail that a process brings which is gone before it could index it, such as a command: the one that stays does it.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { expect, onTestFinished, test } from 'vitest'
import { Connection } from '../src/sqlite/connection.js'
import { mail, settle } from './contract/engine.js'

/** Gone with its last breath, so that nothing of it works on behind the commit. */
const bringing = `
  import { openStore } from '@postern/mailbox-store'
  const [folder, account, mailbox] = process.argv.slice(1)
  const store = await openStore({ folder })
  await store.account(Number(account)).append(Number(mailbox), [{ message: Buffer.from('Subject: late\\r\\n\\r\\nthe needle\\r\\n') }])
  process.kill(process.pid, 'SIGKILL')`

test('mail of a process that is gone is indexed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-others-'))
  const { store, alice, inbox } = await settle(await openStore({ folder }))
  const search = new Connection({ path: join(folder, 'search.sqlite') })
  onTestFinished(async () => {
    search.close()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const indexed = (): number => search.get<{ watermark: number }>('SELECT watermark FROM state')?.watermark ?? 0
  await alice.append(inbox, [{ message: mail('early') }])
  await expect.poll(indexed, { timeout: 10_000 }).toBe(1)

  const words = ['--input-type=module', '-e', bringing, folder, String(alice.id), String(inbox)]
  expect(spawnSync(process.execPath, words, { cwd: import.meta.dirname, encoding: 'utf8' })).toMatchObject({
    ...{ signal: 'SIGKILL', stderr: '' },
  })
  await expect.poll(indexed, { timeout: 20_000 }).toBe(2)
})
