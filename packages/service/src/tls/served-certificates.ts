/**
 * The certificates in memory: each pair of files is read when its stamp has changed, checked, and made into a context that
 * handshakes use from then on; found again by the names in the certificate (RFC 6066 §3). All contexts share their ticket
 * keys, so a session begun with one goes on with another.
 */
import { constants, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateFiles } from './self-made.js'
import { UnusableCertificate, usable } from './unusable-certificate.js'

/** One certificate as it's served now. */
export interface Served {
  readonly cert: string
  readonly key: string
  readonly context: SecureContext
  readonly expiresAtMs: number
  /** Host names, in lower case; `*.` stands for one label. */
  readonly hostNames: readonly string[]
}

/** As OpenSSL wants them: a name, a key for the hash, a key for the cipher. */
export const newTicketKeys = (): Buffer => randomBytes(48)

export class ServedCertificates {
  #ticketKeys: Buffer
  readonly #served = new Map<string, Served>()
  /** Of the files as they were when they were read. */
  readonly #stamps = new Map<string, string>()
  #byHostName = new Map<string, Served>()

  constructor(ticketKeys = newTicketKeys()) {
    this.#ticketKeys = ticketKeys
  }

  /** The names under which pairs were loaded. */
  get labels(): string[] {
    return [...this.#served.keys()]
  }

  get(label: string): Served | undefined {
    return this.#served.get(label)
  }

  /** Loads the pair if its files changed, and returns it then. Throws when it can't be used; the one before stays. */
  async load(label: string, files: CertificateFiles): Promise<Served | undefined> {
    const stamp = await stampOf(files)
    if (this.#stamps.get(label) === stamp) return undefined
    const pair = await readPair(files, this.#ticketKeys)
    this.#stamps.set(label, stamp)
    this.#served.set(label, pair)
    this.#index()
    return pair
  }

  /** A client with a ticket of the keys before makes a whole handshake. */
  useTicketKeys(ticketKeys: Buffer): void {
    this.#ticketKeys = ticketKeys
    for (const [label, pair] of this.#served) this.#served.set(label, { ...pair, context: contextOf(pair, ticketKeys) })
    this.#index()
  }

  /** Returns whether it was served. */
  drop(label: string): boolean {
    this.#stamps.delete(label)
    const wasServed = this.#served.delete(label)
    this.#index()
    return wasServed
  }

  /** SNI has the name without a trailing dot; some clients send one all the same. */
  find(serverName: string): Served | undefined {
    const name = serverName.toLowerCase().replace(/\.$/, '')
    return this.#byHostName.get(name) ?? this.#byHostName.get(name.replace(/^[^.]+/, '*'))
  }

  /** Of two certificates with one name, the one loaded first keeps it. */
  #index(): void {
    const pairs = [...this.#served.values()].reverse()
    this.#byHostName = new Map(pairs.flatMap((pair) => pair.hostNames.map((name) => [name, pair])))
  }
}

/** Changes whenever one of the files was written or replaced. */
async function stampOf(files: CertificateFiles): Promise<string> {
  const stats = await Promise.all([files.cert, files.key].map((path) => stat(path).catch((error) => error.code)))
  return stats
    .map((found) => (typeof found === 'object' ? `${found.ino}:${found.size}:${found.mtimeMs}` : String(found)))
    .join(' ')
}

async function readPair(files: CertificateFiles, ticketKeys: Buffer): Promise<Served> {
  const [cert, key] = await Promise.all([textOf(files.cert), textOf(files.key)])
  const leaf = usable(`${files.cert} has no certificate in PEM`, () => new X509Certificate(cert))
  const privateKey = usable(`${files.key} has no private key in PEM without a passphrase`, () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new UnusableCertificate(`${files.key} is not the key of the certificate in ${files.cert}`)
  }
  const context = usable(`${files.cert} can't be served`, () => contextOf({ cert, key }, ticketKeys))
  const hostNames = [...(leaf.subjectAltName ?? '').matchAll(/DNS:([^\s,"]+)/g)].map((match) => match[1]!.toLowerCase())
  return { cert, key, context, expiresAtMs: Date.parse(leaf.validTo), hostNames }
}

const contextOf = ({ cert, key }: Pick<Served, 'cert' | 'key'>, ticketKeys: Buffer): SecureContext =>
  createSecureContext({
    cert,
    key,
    ticketKeys,
    sessionIdContext: 'postern',
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  })

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new UnusableCertificate(`${path} can't be read (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}
