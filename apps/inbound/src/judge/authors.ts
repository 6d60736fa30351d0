// The domains that a message says it's from, which DMARC asks: every address of every From field, as a mail client shows them.
// RFC 7489 §6.6.1: of several domains each is looked at. Beside them, how many From fields there are: one that somebody has added
// on top of a signed message is covered by no signature.

import { domainToASCII } from 'node:url'
import { addressList } from '@postern/message'
import { fieldsNamed, type Header, textValue } from '@postern/smtp'

export interface Authors {
  /** As A-labels, in lower case. */
  readonly domains: readonly string[]
  readonly fields: number
  /** There are more than are looked at. */
  readonly isTooMany: boolean
}

export const authorDomainsMax = 10
const addressesMax = 1_000

export function authorsOf(header: Header): Authors {
  const fields = fieldsNamed(header, 'from')
  const found = new Set<string>()
  for (const field of fields) {
    const value = textValue(header, field)
    const addresses = addressList(value, addressesMax)
    const hosts = addresses.flatMap(({ host }) => (host ? [host] : []))
    for (const host of hosts.length > 0 ? hosts : looseDomains(value)) {
      const domain = domainToASCII(host.replace(/\.$/, '')).toLowerCase()
      if (domain !== '') found.add(domain)
    }
  }
  const domains = [...found]
  return {
    domains: domains.slice(0, authorDomainsMax),
    fields: fields.length,
    isTooMany: domains.length > authorDomainsMax,
  }
}

/** Where there's no address, what looks like the end of one. */
function looseDomains(value: string): readonly string[] {
  return Array.from(value.matchAll(/@([\w.-]{1,255})/g), ([, domain]) => domain as string)
}
