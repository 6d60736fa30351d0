// The process that is killed while mail is sent: submits, and files the client's own copies, before or behind; tells each intention
// and each acknowledgement as one JSON line, written synchronously so that what was told is known to the parent.

import { writeSync } from 'node:fs'
import { openStore } from '@postern/mailbox-store'
import { sentMail } from './keyed.mjs'

const [folder, round] = process.argv.slice(2)
const store = await openStore({ folder })
const found = await store.directory.findAddress('alice@example.test')
const alice = store.account(found.inbox.id)
const sent = (await alice.mailbox('Sent')).id
const tell = (line) => writeSync(1, `${JSON.stringify(line)}\n`)

async function submit(key) {
  tell({ does: 'submit', key })
  await store.outbox.submit({
    account: alice.id,
    sender: 'alice@example.test',
    recipients: [{ address: `${key}@example.net` }, { address: 'alice@example.test', local: { account: alice.id } }],
    message: await store.stage(sentMail(key)),
    sentCopy: { account: alice.id },
    internalDate: 1_800_000_000,
    body: '7bit',
  })
  tell({ did: 'submit', key })
}

async function file(key) {
  tell({ does: 'file', key })
  const { uids } = await alice.append(sent, [
    { message: sentMail(key, { bcc: true }), flags: { system: 1, keywords: ['own'] } },
  ])
  tell({ did: 'file', key, uid: uids[0] })
}

async function work(caller) {
  for (let i = 0; ; i++) {
    const key = `r${round}c${caller}n${i}`
    if (i % 3 === 0) await Promise.all([submit(key), file(key)])
    else for (const step of i % 3 === 1 ? [submit, file] : [file, submit]) await step(key)
  }
}

tell({ ready: true })
await Promise.all(Array.from({ length: 6 }, (_, caller) => work(caller)))
