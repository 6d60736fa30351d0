// The DNS records that a domain needs, and what is there instead: MX and a TXT token prove that the domain wants its mail
// here (contract B7), SPF and DMARC let others believe its mail, SRV lets clients find the doors (RFC 6186 §3).

import type { DkimKey, Domain } from '@postern/mailbox-store'
import type { Route } from '@postern/routing'
import { publishedKey, recordName, recordValue } from '../sending/dkim-keys.js'
import { type Lookup, LookupFailed, plainHost, type RecordType } from './lookup.js'

export interface WantedRecord {
  readonly type: RecordType
  readonly name: string
  readonly value: string
  readonly purpose: string
  /** What of the name's records is about this; others don't disturb. */
  concerns(found: string): boolean
  isRight(found: string): boolean
  /** A second one makes both void: RFC 7208 §4.5. */
  readonly isAlone?: boolean
}

export interface RecordReport {
  readonly type: RecordType
  readonly name: string
  readonly wanted: string
  readonly found: readonly string[]
  /** `unknown`: no name server answered. */
  readonly state: 'right' | 'missing' | 'different' | 'unknown'
  readonly purpose: string
}

/** The record that only who runs the domain's DNS can set. */
export const verificationRecord = ({ name, verificationToken }: Pick<Domain, 'name' | 'verificationToken'>) => ({
  type: 'TXT' as const,
  name: `_postern.${name}`,
  value: `postern-verification=${verificationToken}`,
})

type Named = Pick<Domain, 'name' | 'verificationToken'>

export function mxRecord({ name }: Named, host: string): WantedRecord {
  return {
    type: 'MX',
    name,
    value: `10 ${host}`,
    purpose: 'mail comes here',
    concerns: () => true,
    isRight: (found) => found.split(' ')[1] === plainHost(host),
  }
}

export function tokenRecord(domain: Named): WantedRecord {
  const record = verificationRecord(domain)
  return {
    ...record,
    purpose: 'the domain is yours',
    concerns: (found) => found.startsWith('postern-verification='),
    isRight: (found) => found.trim() === record.value,
  }
}

/** Contract B7. */
export const verificationRecords = (domain: Named, host: string): readonly WantedRecord[] => [
  mxRecord(domain, host),
  tokenRecord(domain),
]

const spf = /^v=spf1(?: |$)/i
const dmarc = /^v=DMARC1 *;/i

/** What of an SPF record lets the hosts of a route send: RFC 7208 §5. A smart host's owner may ask for another. */
function spfTerm(route: Route): string {
  switch (route.kind) {
    case 'smart-host':
      return `a:${route.host} `
    case 'ses':
    case 'resend':
      return 'include:amazonses.com '
    case 'direct':
    case 'none':
      return ''
  }
}

/** What others look at before they believe the domain's mail: RFC 7208 §3, RFC 7489 §6.1. */
export const senderRecords = ({ name }: Pick<Domain, 'name'>, route: Route): readonly WantedRecord[] => [
  {
    type: 'TXT',
    name,
    value: `v=spf1 mx ${spfTerm(route)}-all`,
    purpose: 'SPF: who may send for it',
    concerns: (found) => spf.test(found),
    isRight: (found) => spf.test(found),
    isAlone: true,
  },
  {
    type: 'TXT',
    name: `_dmarc.${name}`,
    value: 'v=DMARC1; p=quarantine',
    purpose: 'DMARC: what others do with forged mail',
    concerns: (found) => dmarc.test(found),
    isRight: (found) => dmarc.test(found),
    isAlone: true,
  },
]

/** RFC 6376 §3.6.2: with it, others believe what the key signed. */
export const dkimRecord = ({ name }: Pick<Domain, 'name'>, key: DkimKey): WantedRecord => ({
  type: 'TXT',
  name: recordName(name, key),
  value: recordValue(key),
  purpose: 'DKIM: the domain signs its mail',
  concerns: (found) => publishedKey(found) !== undefined,
  isRight: (found) => publishedKey(found) === key.publicKey,
  isAlone: true,
})

/** `_imaps._tcp`, `_submissions._tcp`: RFC 6186 §3.2, RFC 8314 §5.1. */
export function serviceRecord(
  { name }: Named,
  { service, host, port }: { service: string; host: string; port: number },
): WantedRecord {
  return {
    type: 'SRV',
    name: `_${service}._tcp.${name}`,
    value: `0 1 ${port} ${host}`,
    purpose: 'mail clients find it by themselves',
    concerns: () => true,
    isRight: (found) => found.split(' ')[3] === plainHost(host),
  }
}

export async function checkRecord(lookup: Lookup, wanted: WantedRecord): Promise<RecordReport> {
  const { type, name, value, purpose } = wanted
  const report = (state: RecordReport['state'], found: readonly string[] = []): RecordReport => ({
    ...{ type, name, wanted: value, found, state, purpose },
  })
  try {
    const found = (await lookup(type, name)).filter((each) => wanted.concerns(each))
    if (found.length === 0) return report('missing')
    const isRight = found.some((each) => wanted.isRight(each)) && (found.length === 1 || !wanted.isAlone)
    return report(isRight ? 'right' : 'different', found)
  } catch (error) {
    if (error instanceof LookupFailed) return report('unknown')
    throw error
  }
}
