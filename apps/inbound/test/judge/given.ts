// What the tests of the judge share: one name server and one judge for a file, messages that are signed by mailauth, and the text as
// the doors hand it over.

import { generateKeyPairSync } from 'node:crypto'
import type { Domain } from '@postern/mailbox-store'
import { networks } from '@postern/service'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'
import { type DKIMSignOptions, dkimSign, sealMessage } from 'mailauth'
import type { Arrival, ArrivalRecipient, ArrivedText, Verdict } from '../../src/arrival.js'
import { createJudge, type JudgeOptions, nameLookups } from '../../src/index.js'
import { type NameServer, nameServer } from './name-server.js'

export const hostname = 'mx.example.test'
export const now = Date.UTC(2026, 10, 20, 9, 30, 5)

export const arrival: Arrival = {
  ...{ id: 'q_1', via: 'smtp', sender: 'carol@example.org', helo: 'mail.example.org', clientAddress: '192.0.2.7' },
  ...{ tls: undefined, smtpUtf8: false, receivedAt: now },
}

/** Cut before the body, as every door does. */
export function textOf(message: string | Buffer, pieceBytes = 700): ArrivedText {
  const bytes = Buffer.from(message)
  const end = bytes.indexOf('\r\n\r\n')
  const header = bytes.subarray(0, bytes.indexOf('\r\n') === 0 ? 2 : end < 0 ? bytes.length : end + 4)
  return {
    header,
    sizeBytes: bytes.length,
    async *read() {
      yield header
      for (let at = header.length; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    },
  }
}

export const recipient = (settings: Domain['settings'] = {}): ArrivalRecipient => ({
  address: 'ada@example.test',
  inbox: { toMake: 'ada@example.test' },
  domain: {
    ...{ id: 1 as Domain['id'], publicId: 'dom_1', environment: 1 as Domain['environment'], name: 'example.test' },
    ...{ space: 1 as Domain['space'], mode: 'retained', catchAll: true, verificationToken: '', aliases: [] },
    ...{
      verifiedAt: undefined,
      verifiedBy: undefined,
      sending: {},
      route: undefined,
      sink: undefined,
      createdAt: 0,
      settings,
    },
  },
})

export interface Court {
  readonly names: NameServer
  readonly logs: string[]
  readonly metrics: JudgeOptions['metrics']
  judge(message: string | Buffer, how?: Partial<Arrival> & { readonly settings?: Domain['settings'] }): Promise<Verdict>
}

export async function court(more: Partial<JudgeOptions> & { readonly timeoutMs?: number } = {}): Promise<Court> {
  const names = await nameServer()
  const logs: string[] = []
  const logger = createLogger({ level: 'info', destination: { write: (line) => void logs.push(line) } })
  const metrics = createMetrics({ processMetrics: false })
  const { timeoutMs = 10_000, ...others } = more
  const judge = createJudge({
    ...{
      hostname,
      trustedSealers: new Set<string>(),
      fronts: networks(['198.51.100.0/24']),
      judgesFronts: false,
      rspamd: undefined,
      clock: () => now,
    },
    ...{ lot: () => 50, logger, metrics, mailLog: createMailLog({ logger, metrics }) },
    // What is published changes from test to test.
    names: nameLookups({ servers: [names.server], timeoutMs, kept: { entriesMax: 0 } }),
    ...others,
  })
  return {
    ...{ names, logs, metrics },
    judge: (message, { settings, ...how } = {}) =>
      judge.judge(textOf(message), { arrival: { ...arrival, ...how }, recipients: [recipient(settings)] }),
  }
}

export interface KeyPair {
  readonly privateKey: string
  readonly record: string
}

export function keyPair(kind: 'rsa' | 'ed25519', modulusLength = 2_048): KeyPair {
  const { privateKey, publicKey } =
    kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength }) : generateKeyPairSync('ed25519')
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const bytes = kind === 'rsa' ? der : der.subarray(-32)
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: `v=DKIM1; k=${kind}; p=${bytes.toString('base64')}`,
  }
}

export interface Signing {
  readonly domain: string
  readonly selector: string
  readonly pair: KeyPair
  readonly more?: Partial<DKIMSignOptions>
}

export async function signed(message: string, { domain, selector, pair, more = {} }: Signing): Promise<string> {
  const options = { signingDomain: domain, selector, privateKey: pair.privateKey, canonicalization: 'relaxed/relaxed' }
  const { signatures, errors } = await dkimSign(message, {
    ...{ ...options, ...more, signatureData: [{ ...options, ...more }] },
    signTime: more.signTime ?? new Date(now - 60_000),
  })
  if (errors.length > 0) throw errors[0]
  return `${signatures}${message}`
}

/** ARC fields on top, as one who hands the message on puts them. */
export async function sealed(
  message: string,
  { domain, selector, pair, results, cv }: Omit<Signing, 'more'> & { readonly results: string; readonly cv: string },
): Promise<string> {
  const seal = { signingDomain: domain, selector, privateKey: pair.privateKey, authResults: results, cv }
  return `${(await sealMessage(Buffer.from(message), seal)).toString()}${message}`
}

/** The lines of Authentication-Results behind the first. */
export const toldBy = ({ authenticationResults = '' }: Verdict): string[] =>
  authenticationResults.split(/;\r\n /).slice(1)
