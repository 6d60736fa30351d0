// A second hand on a running gateway's data folder: what the command line does there, and what an owner looks up.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { loadServerKey, mintSecret, parseSecret } from '@postern/auth'
import {
  type AccountId,
  type Credential,
  type Domain,
  type EnvironmentId,
  type Inbox,
  type NewCredential,
  openStore,
  type Store,
} from '@postern/mailbox-store'
import { onTestFinished } from 'vitest'

export class SecondHand {
  readonly store: Store
  readonly domain: Domain
  readonly #serverKey: Uint8Array

  static async on(dataDir: string): Promise<SecondHand> {
    const store = await openStore({ folder: dataDir })
    onTestFinished(() => store.close())
    const domain = await store.directory.findDomain('example.test')
    return new SecondHand(store, domain as Domain, await loadServerKey(join(dataDir, 'secret.key')))
  }

  constructor(store: Store, domain: Domain, serverKey: Uint8Array) {
    this.store = store
    this.domain = domain
    this.#serverKey = serverKey
  }

  get directory() {
    return this.store.directory
  }

  get environment(): EnvironmentId {
    return this.domain.environment
  }

  inbox(address: string): Promise<Inbox> {
    return this.directory.createInbox({ domain: this.domain.id, address })
  }

  mint(kind: 'app' | 'key' = 'app') {
    return mintSecret(kind, { random: randomBytes, serverKey: this.#serverKey })
  }

  async credential(options: Partial<NewCredential> = {}): Promise<{ secret: string; credential: Credential }> {
    const { secret, ...minted } = this.mint(options.kind)
    const credential = await this.directory.createCredential({
      ...{ kind: 'app', environment: this.environment, label: 'test', scopes: ['imap'], secret: minted },
      ...options,
    })
    return { secret, credential }
  }

  /** An inbox with an app password of its own. */
  async person(address: string, options: Partial<NewCredential> = {}) {
    const inbox = await this.inbox(address)
    return { inbox, ...(await this.credential({ inbox: inbox.id, ...options })) }
  }

  async deliver(to: AccountId, subject: string, body = 'Hello.\r\n'): Promise<void> {
    const account = this.store.account(to)
    const inbox = await account.mailbox('INBOX')
    if (inbox === undefined) throw new Error('no INBOX')
    await account.append(inbox.id, [
      { message: Buffer.from(`From: a@example.net\r\nSubject: ${subject}\r\n\r\n${body}`) },
    ])
  }
}

/** The same secret but for its last letter. */
export const wrong = (secret: string): string => secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')
/** A secret of our form that nobody has. */
export const nobodys = (secret: string): string => {
  const publicPart = parseSecret(secret)?.publicPart as string
  return secret.replace(
    publicPart,
    publicPart.replace(/^./, (letter) => (letter === '0' ? '1' : '0')),
  )
}
