// The two that are compared: Postern's MX port, whose 250 says that the message is in the inboxes; and Postfix from Debian, which hands over to
// Dovecot's LMTP, where the work is done when Postfix's queue is empty again. Both flush, and both take mail without TLS here.

import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, startDovecot, startPostern, startPostfix } from '../smtp/others.mjs'

export const domain = 'example.test'
const lmtpProgram = '/usr/lib/dovecot/lmtp'
const lookMs = 5

export async function startGateway(folder, { inboxes, ...files }) {
  const port = await freePort()
  const settings = { POSTERN_MX_PORT: String(port), POSTERN_ROLES: 'imap,inbound' }
  const server = await startPostern(folder, { ...files, inboxes, settings })
  return Object.assign(server, { mx: { host: '127.0.0.1', port }, settled: async () => {} })
}

/** A sentence that says why it can't be measured here, or undefined. */
export function whyNoPostfixAndDovecot() {
  if (process.getuid?.() !== 0) return 'Postfix and Dovecot are left out: their own user ids need root.'
  if (existsSync(lmtpProgram)) return undefined
  return 'Postfix and Dovecot are left out: there is no Dovecot LMTP (Debian: apt-get install dovecot-lmtpd).'
}

export async function startPostfixAndDovecot(folder, { inboxes, ...files }) {
  const lmtpPort = await freePort()
  const extraConfig = `
protocols = imap lmtp
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
`
  const dovecot = await startDovecot(folder, { ...files, inboxes, extraConfig })
  const postfix = await startPostfix({
    domains: [],
    settings: { relay_domains: domain, relay_transport: `lmtp:inet:127.0.0.1:${lmtpPort}` },
  })
  chmodSync(postfix.queue, 0o755)
  return {
    ...dovecot,
    name: 'Postfix and Dovecot',
    mx: { host: '127.0.0.1', port: postfix.ports.mx },
    // Their processes come and go: what they used is not counted.
    cpuSeconds: () => 0,
    async settled() {
      while (['incoming', 'active', 'maildrop'].some((name) => filesIn(join(postfix.queue, name)) > 0))
        await sleep(lookMs)
      const [deferred] = /.*status=deferred.*/.exec(postfix.log()) ?? []
      if (deferred !== undefined) throw new Error(deferred)
    },
    async stop() {
      await postfix.stop()
      await dovecot.stop()
    },
  }
}

function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.reduce((sum, entry) => sum + (entry.isDirectory() ? filesIn(join(folder, entry.name)) : 1), 0)
}
