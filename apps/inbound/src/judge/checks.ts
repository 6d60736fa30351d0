// What was found out about who a message comes from, as plain facts: what is told in Authentication-Results (results-field.ts) and
// what the policy looks at (policy.ts) are this and nothing else. RFC 8601 §2.7.

export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror'
/** `policy`: the signature is right, and what it covers isn't enough. */
export type DkimResult = 'pass' | 'fail' | 'neutral' | 'policy' | 'none' | 'temperror' | 'permerror'
export type DmarcResult = 'pass' | 'fail' | 'none' | 'temperror' | 'permerror'
export type ArcResult = 'pass' | 'fail' | 'none'

/** RFC 7489 §6.3, `p` and `sp`. */
export type PublishedPolicy = 'none' | 'quarantine' | 'reject'

export interface Spf {
  readonly result: SpfResult
  /** Of MAIL FROM, or of HELO where there's none (RFC 7208 §2.4). */
  readonly domain: string
  readonly property: 'mailfrom' | 'helo'
  /** What stood there. */
  readonly value: string
  /** Who found it out, where it wasn't us. */
  readonly toldBy?: string | undefined
}

export interface Dkim {
  readonly result: DkimResult
  readonly domain: string
  readonly selector: string
  readonly algorithm: string
  readonly why: string | undefined
}

export interface Dmarc {
  readonly result: DmarcResult
  /** Of the author. */
  readonly domain: string
  readonly policy: PublishedPolicy
  /** RFC 7489 §6.3, `pct`: of a hundred messages that fail, the policy holds for so many. */
  readonly percent: number
  /** A name server's silence may be why it fails. */
  readonly isUncertain: boolean
}

/** One that handed the message on and sealed what it saw, RFC 8617 §4.1. */
export interface Sealer {
  readonly domain: string
  /** What it saw of DMARC, and for whom. */
  readonly dmarc: string
  readonly from: string | undefined
}

export interface Arc {
  readonly result: ArcResult
  /** From the newest on. */
  readonly sealers: readonly Sealer[]
  readonly why: string | undefined
}

export interface Checks {
  /** Undefined where nobody knows which client sent it. */
  readonly spf: Spf | undefined
  readonly dkim: readonly Dkim[]
  readonly arc: Arc
  /** Of several authors' domains, the one whose policy is the strictest. Undefined where nothing can be told of it. */
  readonly dmarc: Dmarc | undefined
}
