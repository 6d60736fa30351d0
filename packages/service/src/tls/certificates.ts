/**
 * The certificates that listeners serve (contract A7): the default one, from the operator's files or self-made, and one for
 * each directory under DATA_DIR/tls/domains/, picked by SNI. A clock looks at the files; changed ones take effect with the
 * next handshake, and a bad one is logged while the one before stays.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import type { Logger, Metrics } from '@postern/telemetry'
import { type CertificateFiles, ensureSelfMade } from './self-made.js'
import { newTicketKeys, ServedCertificates } from './served-certificates.js'

export interface CertificatesOptions {
  readonly dataDir: string
  readonly hostname: string
  /** The operator's PEM files; without them the certificate is self-made. */
  readonly files?: CertificateFiles | undefined
  /** How often the files are looked at. */
  readonly watchMs: number
  /** For sessions that go on, where several processes have the same port; own ones, changed once a day, unless given. */
  readonly ticketKeys?: Buffer | undefined
  readonly clock: () => number
  readonly logger: Logger
  readonly metrics: Metrics
}

/** The default certificate's label in logs and metrics; no directory under tls/domains/ can have it. */
const defaultLabel = 'default'
/** More directories than this under tls/domains/ aren't read. */
const domainsMax = 10_000
/** Whoever gets hold of the keys can read what was said while they were in use. */
export const ticketKeysLifeMs = 86_400_000

/** Reads or makes the certificates and watches them from then on. Throws when the default one can't be had. */
export async function openCertificates(options: CertificatesOptions): Promise<Certificates> {
  const certificates = new Certificates(options)
  await certificates.open()
  return certificates
}

export class Certificates {
  /** The CA to trust when the certificate is self-made. */
  readonly caFile: string | undefined
  readonly #options: CertificatesOptions
  readonly #directory: string
  readonly #served: ServedCertificates
  readonly #swapListeners: (() => void)[] = []
  /** What was last wrong with a pair, so that it's told once. */
  readonly #complaints = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #ticketsTimer: NodeJS.Timeout | undefined
  #refreshing: Promise<void> | undefined

  constructor(options: CertificatesOptions) {
    this.#options = options
    this.#served = new ServedCertificates(options.ticketKeys)
    this.#directory = join(options.dataDir, 'tls')
    this.caFile = options.files ? undefined : join(this.#directory, 'ca.pem')
  }

  async open(): Promise<void> {
    await this.#load(defaultLabel, await this.#defaultFiles())
    await this.#loadDomains()
    this.#timer = setInterval(() => void this.refresh(), this.#options.watchMs)
    this.#timer.unref()
    if (this.#options.ticketKeys !== undefined) return
    this.#ticketsTimer = setInterval(() => this.useTicketKeys(newTicketKeys()), ticketKeysLifeMs)
    this.#ticketsTimer.unref()
  }

  useTicketKeys(ticketKeys: Buffer): void {
    this.#served.useTicketKeys(ticketKeys)
  }

  /** What a handshake without SNI gets. */
  defaultContext(): SecureContext {
    return this.#default.context
  }

  /** For handshakes: one function for all of them, which keeps nothing of any. */
  readonly pickByName = (serverName: string, callback: (error: null, context: SecureContext) => void): void =>
    callback(null, this.contextFor(serverName))

  contextFor(serverName: string): SecureContext {
    return (this.#served.find(serverName) ?? this.#default).context
  }

  /** The default certificate and key, for servers that build their own context. */
  defaultPem(): { readonly cert: string; readonly key: string } {
    return { cert: this.#default.cert, key: this.#default.key }
  }

  /** Called after any certificate was swapped. */
  onSwap(listener: () => void): void {
    this.#swapListeners.push(listener)
  }

  /** Looks at the files now, as the clock does. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#lookAtAll()
      .catch((err) => this.#options.logger.error({ err }, 'certificates not looked at'))
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  close(): void {
    clearInterval(this.#timer)
    clearInterval(this.#ticketsTimer)
  }

  get #default() {
    return this.#served.get(defaultLabel)!
  }

  async #lookAtAll(): Promise<void> {
    const isDefaultNew = await this.#tryLoad(defaultLabel, () => this.#defaultFiles())
    const isDomainNew = await this.#loadDomains()
    if (!isDefaultNew && !isDomainNew) return
    this.#options.logger.info('certificates swapped')
    for (const listener of this.#swapListeners) listener()
  }

  async #defaultFiles(): Promise<CertificateFiles> {
    const { files, hostname, clock, logger } = this.#options
    if (files) return files
    const made = await ensureSelfMade(this.#directory, { hostname, nowMs: clock() })
    if (made.renewed) logger.info({ certificate: made.cert, ca: made.caFile }, 'made a certificate')
    return made
  }

  async #loadDomains(): Promise<boolean> {
    const domains = await domainDirectories(join(this.#directory, 'domains'))
    const known = new Set([...this.#served.labels, ...this.#complaints.keys()])
    const gone = [...known].filter((label) => label !== defaultLabel && !domains.has(label))
    const changes = gone.map((label) => this.#drop(label))
    for (const [label, files] of domains) changes.push(await this.#tryLoad(label, () => files))
    return changes.includes(true)
  }

  /** A pair that can't be used is tried again each time; what's wrong with it is logged when that changes. */
  async #tryLoad(label: string, files: () => Promise<CertificateFiles> | CertificateFiles): Promise<boolean> {
    try {
      const isNew = await this.#load(label, await files())
      this.#complaints.delete(label)
      return isNew
    } catch (err) {
      const complaint = String(err)
      if (this.#complaints.get(label) !== complaint)
        this.#options.logger.error({ err, certificate: label }, 'certificate not usable, the one before stays')
      this.#complaints.set(label, complaint)
      return false
    }
  }

  async #load(label: string, files: CertificateFiles): Promise<boolean> {
    const pair = await this.#served.load(label, files)
    if (!pair) return false
    const { metrics, logger, clock } = this.#options
    metrics.certificateExpiry.set({ certificate: label }, pair.expiresAtMs / 1000)
    if (pair.expiresAtMs <= clock()) logger.warn({ certificate: files.cert }, 'certificate has expired')
    return true
  }

  #drop(label: string): boolean {
    this.#options.metrics.certificateExpiry.remove({ certificate: label })
    this.#complaints.delete(label)
    return this.#served.drop(label)
  }
}

async function domainDirectories(directory: string): Promise<Map<string, CertificateFiles>> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const names = entries.filter((entry) => !entry.isFile() && entry.name !== defaultLabel).map((entry) => entry.name)
  return new Map(
    names.slice(0, domainsMax).map((name) => {
      const path = join(directory, name)
      return [name, { cert: join(path, 'cert.pem'), key: join(path, 'key.pem') }]
    }),
  )
}
