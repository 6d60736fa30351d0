// The two that are compared, each in processes of its own on a folder of its own, with the same certificate, TLS 1.3 alone and a
// login: Postern's gateway without a relay, and Postfix from Debian, which puts what it has taken on hold. Both have flushed a message
// before they answer 250, and neither delivers while it's measured; Postern has also filed it in Sent.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cpuSeconds, findOrInstall, freePort, startPostern, startPostfix } from './others.mjs'

/**
 * Postfix sends a session ticket and then its greeting, in two writes without TCP_NODELAY; a client's kernel keeps its ACK back for 40 ms
 * meanwhile, and with a connection each that would be all that is measured (20 per s). So both are reached at an address of loopback
 * to which ACKs go at once; where that can't be set up, the rows with a connection each say little.
 */
const promptAddress = '127.0.0.9'
const promptRoute = (what) =>
  spawnSync('ip', [
    'route',
    what,
    'local',
    `${promptAddress}/32`,
    'dev',
    'lo',
    'table',
    'local',
    'src',
    '127.0.0.1',
    'quickack',
    '1',
  ]).status === 0

export function startPromptAcks() {
  if (!promptRoute('replace'))
    console.log("ACKs can't be made prompt here (iproute2, as root): Postfix waits for them.")
  return () => promptRoute('del')
}

/** The gateway also serves IMAP; `door` is what an SMTP client needs. */
export async function startGateway(folder, { settings = {}, ...options }) {
  const port = await freePort()
  const server = await startPostern(folder, {
    ...options,
    settings: {
      ...{ POSTERN_SUBMISSIONS_PORT: String(port), POSTERN_SUBMISSION_PORT: '0', POSTERN_ROLES: 'imap,submission' },
      POSTERN_BIND: '0.0.0.0',
      // Nobody is there, and without a relay nobody asks.
      ...{ POSTERN_ROUTE: 'smtp://127.0.0.1:9?tls=none' },
      ...settings,
    },
  })
  const { user, password } = server
  return Object.assign(server, { door: { host: promptAddress, port, user, password, from: user }, tidy() {} })
}

/** A sentence that says why it can't be measured here, or undefined. */
export function whyNoPostfix() {
  if (process.getuid?.() !== 0) return 'Postfix is left out: its own user ids need root. Run this as root to compare.'
  try {
    findOrInstall(['postfix'])
    return undefined
  } catch (error) {
    return `Postfix is left out: ${error.message}`
  }
}

export async function startPostfixDoor({ cert, key }) {
  const [user, password] = ['me@example.test', 'secret']
  const postfix = await startPostfix({
    host: promptAddress,
    certificate: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
    login: { user, secret: password },
    settings: {
      smtpd_tls_mandatory_protocols: '>=TLSv1.3',
      smtpd_recipient_restrictions: 'check_client_access static:HOLD',
    },
  })
  const held = join(postfix.queue, 'hold')
  return {
    name: 'Postfix',
    door: { host: promptAddress, port: postfix.ports.submissions, user, password, from: user },
    cpuSeconds: () => cpuSeconds(postfix.pid),
    /** A folder with all that was ever sent is nothing that a mail server has. */
    tidy() {
      for (const name of readdirSync(held)) rmSync(join(held, name), { force: true })
    },
    stop: () => postfix.stop(),
  }
}
