// `postern domain verify`: looks the domain's MX and its TXT token up, says what is wanted and what is there, and marks the
// domain verified when both are right (contract B7). What isn't right takes no verification away.

import { createLookup } from '../dns/lookup.js'
import { checkRecord, type RecordReport, verificationRecords, type WantedRecord } from '../dns/records.js'
import { dns } from '../limits.js'
import { domainSending, sendingRecords } from '../sending/domain-sending.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { Objects } from './objects.js'
import { operator as by } from './operator.js'
import { flag } from './options.js'
import { domainOf } from './references.js'
import { sealedOf } from './sealing.js'
import { table } from './table.js'

export const domainVerify = command('domain verify', {
  about: 'look at its DNS records, and let mail clients in when they are right; exit code 1 when they are not',
  parameters: [['<domain>', 'its name or id']],
  options: { unchecked: flag('mark it verified on your word, without a look') },
  run: ({ env, args: [word], options: { unchecked } }) =>
    withStore(env, async (open) => {
      const { config } = open
      const { directory } = open.store
      const domain = await domainOf(directory, word as string)
      const objects = new Objects(directory)
      if (unchecked) {
        const marked = await directory.markDomainVerified(domain.id, { how: 'operator', by })
        return { ...(await objects.domain(marked)), records: [], sending_records: [], isRight: true }
      }
      const lookup = createLookup({ ...dns, servers: config.dnsServers })
      const wanted = verificationRecords(domain, config.hostname)
      const look = (all: readonly WantedRecord[]) => Promise.all(all.map((record) => checkRecord(lookup, record)))
      const records = await look(wanted)
      const sealed = () => sealedOf(open)
      const sending = await domainSending(domain, { directory, sealed, fallback: config.route })
      const sendingReports = await look(sendingRecords(domain, sending))
      const isRight = records.every(({ state }) => state === 'right')
      const now = isRight ? await directory.markDomainVerified(domain.id, { how: 'dns', by }) : domain
      return { ...(await objects.domain(now)), records, sending_records: sendingReports, isRight }
    }),
  json: ({ isRight: _, ...domain }) => domain,
  lines: ({ name, records, sending_records: sending, isRight, verified }) => [
    ...recordLines(records),
    ...(records.length > 0 ? [''] : []),
    ...(sending.length > 0 ? ['So that others believe its mail:', ...recordLines(sending), ''] : []),
    isRight ? `${name} is verified.` : notRight(name, { records, verified }),
  ],
  exitCode: ({ isRight }) => (isRight ? 0 : 1),
})

function notRight(
  name: string,
  { records, verified }: { records: readonly RecordReport[]; verified: boolean },
): string {
  const before = verified ? `${name} stays verified as before, but its records aren't right` : `${name} is not verified`
  if (records.some(({ wanted }) => wanted === '10 localhost'))
    return `${before}. Set POSTERN_HOSTNAME first: other machines can't reach this one as localhost.`
  if (records.some(({ state }) => state === 'unknown'))
    return `${before}: no name server answered. Check the network, or set POSTERN_DNS_SERVERS.`
  return `${before}. Set the records that are wanted where the DNS of ${name} is kept, then run this again.`
}

/** Wanted and found below each other, so that a difference shows. */
export const recordLines = (records: readonly RecordReport[]): string[] =>
  table(
    records.flatMap(({ type, name, wanted, found, state, purpose }) => [
      [`${type} ${name}`, 'wanted', shortened(wanted), purpose],
      ['', 'found', foundText(found, state), state === 'right' ? 'right' : ''],
    ]),
  )

function foundText(found: readonly string[], state: RecordReport['state']): string {
  if (state === 'unknown') return '(no answer)'
  return found.length === 0 ? '(nothing)' : found.map(shortened).join(' | ')
}

const recordCharactersMax = 100

/** Keys are long and begin alike: of such a value both ends are shown. */
const shortened = (value: string): string =>
  value.length <= recordCharactersMax ? value : `${value.slice(0, 40)}…${value.slice(-40)}`
