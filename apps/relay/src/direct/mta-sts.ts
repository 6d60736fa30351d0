/**
 * MTA-STS (RFC 8461): a domain says by DNS that it has a policy, and over HTTPS which hosts take its mail, and that they do so with a
 * good certificate. A policy is kept as long as it says, by this process and whatever transports come and go in it; while it's kept,
 * neither a lost DNS answer nor a lost web server undoes it (§5.1).
 */
import { request } from 'node:https'
import { isForbidden } from '@postern/service'
import type { NameServers } from './name-servers.js'

export interface StsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** `mx.example.org`, `*.example.org`. */
  readonly hosts: readonly string[]
  readonly maxAgeMs: number
}

export interface StsOptions {
  readonly names: NameServers
  readonly allowsPrivateAddresses: boolean
  readonly authorities: readonly string[] | undefined
  /** 443 but in tests. */
  readonly port: number
  readonly clock: () => number
  readonly kept: KeptPolicies
}

export interface MtaSts {
  /** Undefined where there's none that anything follows from. */
  enforcedFor(domain: string): Promise<StsPolicy | undefined>
}

interface Kept {
  readonly id: string | undefined
  readonly policy: StsPolicy | undefined
  readonly until: number
  lookedAt: number
}

const policyBytesMax = 65_536
const fetchTimeoutMs = 10_000
/** How long an answer of DNS, or a policy that couldn't be had, isn't asked for again. */
const lookAgainMs = 60_000
const keptMax = 10_000

/** By domain. Belongs to the process rather than to a transport, which is closed when it had no work for some minutes. */
export class KeptPolicies {
  readonly #kept = new Map<string, Kept>()

  get(domain: string): Kept | undefined {
    return this.#kept.get(domain)
  }

  keep(domain: string, one: Kept): void {
    this.#kept.delete(domain)
    this.#kept.set(domain, one)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptMax) break
      this.#kept.delete(oldest)
    }
  }
}

export function createMtaSts(options: StsOptions): MtaSts {
  const { kept } = options
  return {
    async enforcedFor(domain) {
      const now = options.clock()
      const known = kept.get(domain)
      const policy =
        known !== undefined && now - known.lookedAt < lookAgainMs
          ? standing(known, now)
          : await look(domain, { known, now })
      return policy?.mode === 'enforce' ? policy : undefined
    },
  }

  async function look(domain: string, about: { known: Kept | undefined; now: number }): Promise<StsPolicy | undefined> {
    const { known, now } = about
    const old = known === undefined ? undefined : standing(known, now)
    const id = await policyId(domain, options.names)
    if (known !== undefined && old !== undefined && (id === undefined || id === known.id)) {
      known.lookedAt = now
      return old
    }
    const policy = id === undefined ? undefined : await fetchPolicy(domain, options)
    if (policy === undefined && old !== undefined) {
      known!.lookedAt = now
      return old
    }
    kept.keep(domain, { id, policy, until: now + (policy?.maxAgeMs ?? lookAgainMs), lookedAt: now })
    return policy
  }
}

const standing = (known: Kept, now: number): StsPolicy | undefined => (known.until > now ? known.policy : undefined)

/** RFC 8461 §3.1: one record, or none counts. Where nobody answers, what is kept goes on. */
async function policyId(domain: string, names: NameServers): Promise<string | undefined> {
  try {
    const { records } = await names.ask('TXT', `_mta-sts.${domain}`)
    const ours = records.filter((text) => /^v=STSv1\s*(?:;|$)/.test(text))
    return ours.length === 1 ? /;\s*id=([A-Za-z0-9]{1,32})\s*(?:;|$)/.exec(ours[0]!)?.[1] : undefined
  } catch {
    return undefined
  }
}

/** RFC 8461 §3.3: no redirects, a good certificate for `mta-sts.` and the domain. */
async function fetchPolicy(domain: string, options: StsOptions): Promise<StsPolicy | undefined> {
  const host = `mta-sts.${domain}`
  try {
    const [v4, v6] = await Promise.all([options.names.ask('A', host), options.names.ask('AAAA', host)])
    const allowed = (address: string) => !isForbidden(address, { allowsPrivate: options.allowsPrivateAddresses })
    const address = [...v4.records, ...v6.records].find(allowed)
    return address === undefined ? undefined : readPolicy(await get(address, { ...options, host }))
  } catch {
    return undefined
  }
}

function get(address: string, options: StsOptions & { readonly host: string }): Promise<string> {
  const { host, port, authorities } = options
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: address, port, servername: host, path: '/.well-known/mta-sts.txt', agent: false },
      headers: { host: port === 443 ? host : `${host}:${port}` },
      signal: AbortSignal.timeout(fetchTimeoutMs),
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    })
    asked.on('error', reject)
    asked.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('error', reject)
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > policyBytesMax) asked.destroy(new Error('The policy is too long'))
      })
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error('There is no policy'))))
    })
    asked.end()
  })
}

/** RFC 8461 §3.2. */
export function readPolicy(text: string): StsPolicy | undefined {
  const fields = text.split(/\r?\n/).map(fieldOf)
  const first = (name: string) => fields.find(([key]) => key === name)?.[1]
  const mode = first('mode')
  const maxAge = Number(first('max_age') ?? Number.NaN)
  const hosts = fields.flatMap(([key, value]) => (key === 'mx' && value ? [value.toLowerCase()] : []))
  const isWhole = first('version') === 'STSv1' && maxAge >= 0 && maxAge <= 31_557_600
  if (!isWhole || (mode !== 'enforce' && mode !== 'testing' && mode !== 'none')) return undefined
  if (mode !== 'none' && hosts.length === 0) return undefined
  return { mode, hosts, maxAgeMs: maxAge * 1_000 }
}

/** Whoever has a domain writes it: it's cut at its colon, since an expression that looks for blanks on both sides takes hours. */
function fieldOf(line: string): readonly [key: string, value: string] {
  const colon = line.indexOf(':')
  return colon < 0 ? ['', ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
}

/** RFC 8461 §4.1: a star is one label. */
export function policyNames(policy: StsPolicy, host: string): boolean {
  const name = host.toLowerCase()
  return policy.hosts.some((pattern) =>
    pattern.startsWith('*.')
      ? name.slice(name.indexOf('.')) === pattern.slice(1) && !name.startsWith('.')
      : name === pattern,
  )
}
