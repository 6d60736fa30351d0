// The two that are compared: Postern's IMAP server in this process, on a store in a folder of its own, and Dovecot from
// Debian, with the same special-use mailboxes. On either one every user name is an inbox of its own, made when it first
// logs in, so that each walk begins with nothing.

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { localDoorbell } from '@postern/events'
import { openStore } from '@postern/mailbox-store'
import { networks, openCertificates } from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { makeCertificate, startDovecot, whyNoDovecot } from '../../bench/servers.mjs'
import { startImapServer } from '../../dist/index.js'

export const password = 'secret'

/** What an inbox of Postern begins with, and one of Dovecot is given. */
export const mailboxes = ['Archive', 'Drafts', 'Sent', 'Spam', 'Trash']
const uses = { Spam: 'Junk' }
const extraConfig = `
namespace inbox {
${mailboxes.map((name) => `  mailbox ${name} {\n    special_use = \\${uses[name] ?? name}\n  }`).join('\n')}
}
mail_plugins = $mail_plugins quota
protocol imap {
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = 1000
  imap_metadata = no
}
plugin {
  quota = count:inbox
  quota_vsizes = yes
}
`

export async function startBoth(folder) {
  const why = whyNoDovecot()
  if (why !== undefined) throw new Error(why)
  mkdirSync(folder, { recursive: true })
  // Dovecot's own user must get at its mail.
  chmodSync(folder, 0o755)
  const certificate = makeCertificate(folder)
  const postern = await startPostern(join(folder, 'postern'))
  const dovecot = await startDovecot(folder, { ...certificate, extraConfig })
  return { postern, dovecot, stop: () => Promise.all([postern.stop(), dovecot.stop()]) }
}

async function startPostern(folder) {
  mkdirSync(folder, { recursive: true })
  const errors = []
  const logger = createLogger({ level: 'error', destination: { write: (line) => void errors.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const doorbell = localDoorbell({ onError: (error) => errors.push(String(error)) })
  const store = await openStore({
    folder: join(folder, 'store'),
    ring: (changes) => {
      for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
    },
    onError: (error) => errors.push(String(error)),
  })
  const certificates = await openCertificates({
    ...{ dataDir: folder, hostname: 'localhost', watchMs: 3_600_000, clock: Date.now, logger, metrics },
  })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const accounts = new Map()
  const server = await startImapServer({
    ...{ store, doorbell, certificates, logger, metrics, version: '0', host: '127.0.0.1', port: 0 },
    ...{ proxyNetworks: networks([]), connectionsMax: 1_000, connectionsPerAddressMax: 1_000 },
    limits: { badCommandsMax: 1_000_000 },
    async login({ user, secret }) {
      if (secret !== password) return undefined
      if (!accounts.has(user)) {
        // The inboxes of a domain share their uids.
        const name = user.slice(user.indexOf('@') + 1)
        const domain = await store.directory.createDomain({ environment: environment.id, name })
        const { id } = await store.directory.createInbox({ domain: domain.id, address: user })
        accounts.set(user, store.account(id))
      }
      return { account: accounts.get(user), address: user }
    },
  })
  return {
    name: 'Postern',
    port: server.port,
    errors,
    async stop() {
      await server.close()
      certificates.close()
      await doorbell.close()
      await store.close()
    },
  }
}
