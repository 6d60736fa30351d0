// RFC 9208: one quota root an inbox, in kilobytes and messages. Only what has a limit is told.

import type { Writer } from '@postern/imap-wire'
import { ImapError } from '@postern/imap-wire'
import type { Quota } from '@postern/mailbox-store'
import { command } from '../command.js'
import { mailboxNamed } from '../commands/mailboxes.js'
import type { Extension } from '../extension.js'

const root = 'inbox'

function writeQuota(w: Writer, { bytes, messages }: Quota): void {
  const kilobytes = (count: number): number => Math.ceil(count / 1024)
  const resources: [string, number, number][] = []
  if (bytes.limit !== undefined) resources.push(['STORAGE', kilobytes(bytes.used), Math.floor(bytes.limit / 1024)])
  if (messages.limit !== undefined) resources.push(['MESSAGE', messages.used, messages.limit])
  w.untagged().raw('QUOTA ').astring(root).sp()
  w.list(resources, ([name, used, limit]) => w.raw(name).sp().number(used).sp().number(limit))
  w.crlf()
}

const getQuota = command('GETQUOTA', {
  in: ['authenticated', 'selected'],
  parse(p) {
    p.sp()
    return p.astring()
  },
  async run(session, name) {
    if (name !== root) throw new ImapError('NO', 'There is no such quota root', { code: 'NONEXISTENT' })
    writeQuota(session.out, await session.account.quota())
    return { text: 'That is the quota' }
  },
})

const getQuotaRoot = command('GETQUOTAROOT', {
  in: ['authenticated', 'selected'],
  parse(p) {
    p.sp()
    return p.mailbox()
  },
  async run(session, name) {
    const mailbox = await mailboxNamed(session, name)
    session.out.untagged().raw('QUOTAROOT ').mailbox(mailbox.name).sp().astring(root).crlf()
    writeQuota(session.out, await session.account.quota())
    return { text: 'That is the quota' }
  },
})

export const quota: Extension = {
  capability: ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE'],
  rfc: 'RFC 9208',
  what: 'How much room there is, in bytes and in messages.',
  commands: [getQuota, getQuotaRoot],
}
