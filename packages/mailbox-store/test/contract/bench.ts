// What the suites of the directory and the outbox need of an engine.

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { Directory } from '../../src/directory/directory.js'
import type { Domain, Environment } from '../../src/directory/records.js'
import { packListing } from '../../src/messages/listing-column.js'
import { packFields } from '../../src/messages/listings.js'
import type { PreparedMessage } from '../../src/messages/prepare.js'
import type { AccountId } from '../../src/model.js'
import type { Outbox } from '../../src/outbox/outbox.js'
import type { RefusalCode } from '../../src/refusals.js'

/** One process on the data. */
export interface Node {
  readonly directory: Directory
  readonly outbox: Outbox
}

export interface Bench extends Node {
  readonly clock: { now: number }
  /** Mailboxes that the doorbell was rung for. */
  readonly rung: number[]
  /** How often the outbox had something to send. */
  readonly bell: { outbox: number }
  /** `write` or `commit`: the disk is full from there on. */
  readonly fault: { on: string | undefined }
  /** A second process on the same data. */
  node(): Node
  readonly probe: Probe
  destroy(): Promise<void>
}
export type MakeBench<B extends Bench = Bench> = () => Promise<B>

export interface Probe {
  mailboxes(account: AccountId): string[]
  place(account: AccountId, mailbox: string): { uidNext: number; uidValidity: number }
  entries(account: AccountId, mailbox: string): { uid: number; flags: number; message: number }[]
  append(account: AccountId, mailbox: string, message: PreparedMessage): Promise<number>
  deleteMailbox(account: AccountId, mailbox: string): Promise<void>
  messages(): number
  accountsOf(message: number): number[]
  copies(message: number): number
  garbage(): number[]
  rowsOfAccount(account: AccountId): number
  spaces(): number
  /** Rows that count what was sent. */
  sendingCounts(): number
}

export interface Settled {
  readonly environment: Environment
  readonly domain: Domain
}

/** The default environment with the verified domain example.test. */
export async function settled({ directory }: Node, name = 'example.test'): Promise<Settled> {
  const { environment } = await directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await directory.createDomain({ environment: environment.id, name })
  return { environment, domain: await directory.markDomainVerified(domain.id, { how: 'operator' }) }
}

export async function refused(promise: Promise<unknown>, code: RefusalCode): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'StoreRefusal', code })
}

let secrets = 0
/** A secret that nobody had before. */
export function secret(): { publicPart: string; hash: Uint8Array } {
  secrets++
  return { publicPart: `public${secrets}`, hash: new Uint8Array(32).fill(secrets) }
}

/** A message as `prepareMessage` leaves it. */
export function prepared(text: string): PreparedMessage {
  const raw = new TextEncoder().encode(text)
  return {
    size: raw.length,
    hash: createHash('sha256').update(raw).digest(),
    bodyStart: 0,
    listing: packListing({
      envelope: '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)',
      bodyStructure: '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)',
    }),
    fields: packFields(new Uint8Array(0)),
    parts: new Uint8Array(0),
    preview: '',
    thread: 'T',
    sort: '',
    refs: new Uint8Array(8),
    raw,
    file: false,
  }
}
