/** What the ways out need of the process that they run in. */
import type { Logger } from '@postern/telemetry'
import type { KeptPolicies } from './direct/mta-sts.js'
import type { TransportLimits } from './limits.js'

export interface TransportDeps {
  /** Our own name, in EHLO (RFC 5321 §4.1.1.1), and what a domain's mail host mustn't be. */
  readonly hostname: string
  /** With or without a port; none are those of the system. */
  readonly dnsServers: readonly string[]
  /** Whether a domain may lead to loopback or to a private network: false but in tests and closed networks. */
  readonly allowsPrivateAddresses: boolean
  /** Authorities for the certificates of mail hosts, PEM, in place of Node's own. */
  readonly authorities?: readonly string[] | undefined
  readonly logger: Logger
  /** The real one unless given; it says when a policy that is kept has ended. */
  readonly clock?: () => number
  /** MTA-STS policies of this process: they outlive a transport without work. */
  readonly policies?: KeptPolicies
  /** Where MTA-STS policies are fetched: 443 but in tests. */
  readonly policyPort?: number
  /** In place of the common ones. */
  readonly limits?: Partial<TransportLimits>
}
