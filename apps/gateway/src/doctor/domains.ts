// Checks of each domain's DNS records: what is wanted, what is found, and what to do; and whether anything signs its mail.

import type { Directory, Domain } from '@postern/mailbox-store'
import type { Lookup } from '../dns/lookup.js'
import {
  checkRecord,
  mxRecord,
  type RecordReport,
  serviceRecord,
  tokenRecord,
  type WantedRecord,
} from '../dns/records.js'
import { doctor as limits } from '../limits.js'
import { everyItem } from '../pages.js'
import { type DomainSending, needsKeys, sendingRecords } from '../sending/domain-sending.js'
import { broken, type Finding, ok, skipped, warning } from './finding.js'

export interface DomainsCheck {
  readonly directory: Directory
  readonly lookup: Lookup
  readonly hostname: string
  /** Undefined: the first ones. */
  readonly only: Domain | undefined
  readonly hasSubmission: boolean
  readonly sendingOf: (domain: Domain) => Promise<DomainSending>
}

export async function checkDomains({ directory, only, ...options }: DomainsCheck): Promise<Finding[]> {
  if (only !== undefined) return checkDomain(only, options)
  const findings: Finding[] = []
  let looked = 0
  for await (const domain of everyItem((page) => directory.listDomains(page))) {
    if (looked++ === limits.domainsMax)
      return [
        ...findings,
        skipped('DNS', `Only the first ${limits.domainsMax} domains were looked at.`, 'Name one with --domain.'),
      ]
    findings.push(...(await checkDomain(domain, options)))
  }
  return findings
}

/** Names that nobody can give a record to: RFC 6761 §6, RFC 8375. */
const withoutDns = /(?:^|\.)(?:test|example|invalid|localhost|local|internal|home\.arpa)$|^[^.]+$/

type Options = Omit<DomainsCheck, 'directory' | 'only'>

async function checkDomain(domain: Domain, options: Options): Promise<Finding[]> {
  const sending = await options.sendingOf(domain)
  const records = await checkRecords(domain, { ...options, sending })
  if (!needsKeys(sending)) return [records]
  const fix = `Make keys and publish their records: \`postern domain dkim ${domain.name}\`.`
  return [records, warning(`DKIM of ${domain.name}`, 'Nothing signs its mail: many servers take it for spam.', fix)]
}

type Looking = Pick<Options, 'lookup' | 'hostname' | 'hasSubmission'> & { readonly sending: DomainSending }

async function checkRecords(domain: Domain, { lookup, hostname, hasSubmission, sending }: Looking): Promise<Finding> {
  const { name, verifiedAt, verifiedBy } = domain
  const check = `DNS of ${name}`
  if (verifiedBy === 'operator' && withoutDns.test(name))
    return skipped(check, 'A name that has no DNS; verified on your word.')
  const services = ['imaps', ...(hasSubmission ? ['submissions'] : [])]
  const ports: Readonly<Record<string, number>> = { imaps: 993, submissions: 465 }
  const wanted: WantedRecord[] = [
    mxRecord(domain, hostname),
    ...(verifiedAt === undefined ? [tokenRecord(domain)] : []),
    ...sendingRecords(domain, sending),
    ...services.map((service) => serviceRecord(domain, { service, host: hostname, port: ports[service] as number })),
  ]
  const records = await Promise.all(wanted.map((record) => checkRecord(lookup, record)))
  return { ...judge(domain, { check, records }), records }
}

function judge(
  { name, verifiedAt, verifiedBy }: Domain,
  { check, records }: { check: string; records: readonly RecordReport[] },
): Finding {
  const wrong = records.filter(({ state }) => state !== 'right')
  if (wrong.some(({ state }) => state === 'unknown'))
    return warning(check, 'No name server answered.', 'Check the network of this machine, or set POSTERN_DNS_SERVERS.')
  const says = `Not as wanted: ${wrong.map(({ type, name: at }) => `${type} ${at}`).join(', ')}.`
  const isOfKey = wrong.some(({ name: at }) => at.includes('._domainkey.'))
  const whole = isOfKey ? ` Keys in full: \`postern domain dkim ${name}\`.` : ''
  const fix = `Set them where the DNS of ${name} is kept.${whole}`
  if (verifiedAt === undefined)
    return broken(
      check,
      'The domain is not verified: no mail client can come in.',
      `Set its records, then \`postern domain verify ${name}\`.`,
    )
  if (wrong.some(({ type }) => type === 'MX')) return (verifiedBy === 'dns' ? broken : warning)(check, says, fix)
  return wrong.length > 0 ? warning(check, says, fix) : ok(check, `All ${records.length} records are there.`)
}
