// GnuPG with a key ring of its own, in a folder that goes with the test: what encrypts and decrypts in these tests besides the program
// itself.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export class Gpg {
  readonly #home = mkdtempSync(join(tmpdir(), 'postern-gpg-'))

  constructor() {
    onTestFinished(() => {
      execFileSync('gpgconf', ['--kill', 'all'], { env: this.#env, stdio: 'ignore' })
      rmSync(this.#home, { recursive: true, force: true })
    })
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, GNUPGHOME: this.#home }
  }

  say(words: readonly string[], input: string | Buffer = ''): Buffer {
    return execFileSync('gpg', ['--batch', '--quiet', '--yes', '--no-tty', ...words], {
      ...{ env: this.#env, input, maxBuffer: 2 ** 28, stdio: ['pipe', 'pipe', 'pipe'] },
    })
  }

  /** With a subkey to encrypt to, unless it's for something else. Answers the armoured public key. */
  makeKey(name: string, { algorithm = 'ed25519', encrypts = 'cv25519', expires = 'never' } = {}): string {
    this.say(['--passphrase', '', '--quick-gen-key', name, algorithm, 'sign,cert', expires])
    const listed = this.say(['--with-colons', '--list-keys', name]).toString()
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] as string
    const subkey = ['--quick-add-key', fingerprint, encrypts, 'encr', expires]
    if (encrypts !== 'nothing') this.say(['--pinentry-mode', 'loopback', '--passphrase', '', ...subkey])
    return this.publicKey(name)
  }

  /** By the certificate that gpg makes with each key; a colon keeps it from being used by mistake. */
  revoke(fingerprint: string): void {
    const path = join(this.#home, 'openpgp-revocs.d', `${fingerprint}.rev`)
    this.say(['--import'], readFileSync(path, 'latin1').replace(':-----BEGIN', '-----BEGIN'))
  }

  publicKey(name: string): string {
    return this.say(['--armor', '--export', name]).toString()
  }

  decrypt(armoured: string | Buffer): Buffer {
    return this.say(['--decrypt'], armoured)
  }
}
