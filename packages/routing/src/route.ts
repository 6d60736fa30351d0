/**
 * How mail leaves (contract E2): the closed list of routes. A route is written as one line of text, in a setting or for a
 * domain or an inbox (`read-route.ts`), and told to people without its secrets (`write-route.ts`).
 */

/** `implicit`: TLS from the first byte (465). `required`: STARTTLS or nothing. `offered`: STARTTLS where the host has it. */
export type SmartHostTls = 'implicit' | 'required' | 'offered' | 'none'

export interface SmartHost {
  readonly kind: 'smart-host'
  readonly host: string
  readonly port: number
  readonly tls: SmartHostTls
  readonly user: string | undefined
  readonly secret: string | undefined
}

export interface SesRoute {
  readonly kind: 'ses'
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** In place of Amazon's own address. */
  readonly endpoint: string | undefined
}

export interface ResendRoute {
  readonly kind: 'resend'
  readonly apiKey: string
  /** In place of Resend's own address. */
  readonly endpoint: string | undefined
}

/** Straight to the hosts that the recipient's domain names (RFC 5321 §5). */
export interface DirectRoute {
  readonly kind: 'direct'
  /** 25 but in tests. */
  readonly port: number
}

/** Only inboxes of this gateway are reached. */
export interface NoRoute {
  readonly kind: 'none'
}

export type Route = SmartHost | SesRoute | ResendRoute | DirectRoute | NoRoute
