// Debian's Dovecot on a Maildir, without a login: each connection to its port gets an imap process that is logged in already. And
// doveadm on the same folder, to see what Dovecot makes of it.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const imap = '/usr/lib/dovecot/imap'

export interface Dovecot {
  readonly port: number
  fetch(what: string): string
}

/** Dovecot reads no mail as root: then the folder is given to nobody. */
function ownerOf(home: string): { readonly uid: number; readonly gid: number } {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const idOf = (what: string): number => Number(execFileSync('id', [what, 'nobody'], { encoding: 'utf8' }))
  const owner = { uid: idOf('-u'), gid: idOf('-g') }
  execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, home])
  return owner
}

export async function dovecotOn(
  home: string,
  maildir: string,
  { separator = '/', prefix = '' } = {},
): Promise<Dovecot> {
  if (!existsSync(imap)) throw new Error('Dovecot is not on this machine: scripts/services installs it')
  mkdirSync(join(home, 'run'), { recursive: true })
  const config = join(home, 'dovecot.conf')
  const own = ownerOf(home)
  writeFileSync(
    config,
    `protocols = imap
base_dir = ${home}/run
mail_location = maildir:${maildir}
mail_uid = ${own.uid}
mail_gid = ${own.gid}
first_valid_uid = 0
first_valid_gid = 0
ssl = no
namespace inbox {
  inbox = yes
  separator = ${separator}
  prefix = ${prefix}
}
`,
  )
  const env = { PATH: process.env.PATH, HOME: home, USER: 'ada' }
  const server = createServer((socket) => {
    // It talks to nobody over a socket of its own.
    const child = spawn('sh', ['-c', `cat | ${imap} -c ${config} | cat`], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    socket.pipe(child.stdin)
    child.stdout.pipe(socket)
    socket.on('error', () => child.kill())
    socket.on('close', () => child.kill())
    child.stdin.on('error', () => undefined)
    onTestFinished(() => void child.kill())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return {
    port: (server.address() as AddressInfo).port,
    fetch: (what) =>
      execFileSync('doveadm', ['-c', config, '-f', 'tab', 'fetch', what, 'mailbox', '*'], { env, encoding: 'utf8' }),
  }
}
