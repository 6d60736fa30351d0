// `postern domain dkim`: the keys that sign a domain's mail (contract E4). Every key that isn't retired signs, from the moment it
// is made: a signature whose record isn't published yet counts as none, so that in a change of keys the old one goes on until
// the new one can be read by everybody, and is then retired.

import type { Directory, DkimKey, Domain } from '@postern/mailbox-store'
import { createLookup } from '../dns/lookup.js'
import { checkRecord, dkimRecord, type RecordReport } from '../dns/records.js'
import { dns } from '../limits.js'
import { newKeys, recordName, recordStrings, recordValue } from '../sending/dkim-keys.js'
import { command } from './command.js'
import { recordLines } from './domain-verify.js'
import { type OpenStore, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { flag, one, type Values } from './options.js'
import { domainOf } from './references.js'
import { sealedOf } from './sealing.js'
import { table } from './table.js'
import { Usage } from './usage.js'

const options = {
  new: flag('make another pair, which signs beside the others from now on'),
  list: flag('show the keys, and make none'),
  check: flag('ask DNS for their records; exit code 1 when one is not there'),
  retire: one('<selector>', 'let this key sign no more'),
  remove: one('<selector>', 'forget this key'),
  yes: flag('remove it though it signs'),
} as const

type Asked = Values<typeof options>

interface KeyShown {
  readonly selector: string
  readonly algorithm: string
  readonly state: 'signs' | 'retired'
  readonly created_at: string
  readonly retired_at: string | null
  readonly record: {
    readonly type: 'TXT'
    readonly name: string
    /** The same record under the domain's other names. */
    readonly also: readonly string[]
    readonly value: string
    readonly strings: readonly string[]
  }
}

interface Shown {
  readonly domain: string
  /** The selectors that this command has made. */
  readonly made: readonly string[]
  readonly keys: readonly KeyShown[]
  /** Undefined where DNS wasn't asked. */
  readonly records: readonly RecordReport[] | undefined
  readonly isList: boolean
}

export const domainDkim = command('domain dkim', {
  about: 'make the keys that sign its mail, where it has none, and show the TXT records to publish',
  parameters: [['<domain>', 'its name or id']],
  options,
  run: ({ env, args: [word], options: asked }) =>
    withStore(env, async (open): Promise<Shown> => {
      const { directory } = open.store
      refuseTwoAtOnce(asked)
      const domain = await domainOf(directory, word as string)
      if (asked.retire !== undefined) await directory.retireDkimKey(domain.id, { selector: asked.retire, by })
      if (asked.remove !== undefined) await remove(directory, { domain, selector: asked.remove, yes: asked.yes })
      const isLook = asked.list || asked.check || asked.retire !== undefined || asked.remove !== undefined
      const before = await directory.listDkimKeys(domain.id)
      const made = asked.new || (!isLook && before.every(isRetired)) ? await makeKeys(open, { domain, before }) : []
      const keys = made.length === 0 ? before : await directory.listDkimKeys(domain.id)
      const records = asked.check
        ? await look(open, { domain, keys: keys.filter((key) => !isRetired(key)) })
        : undefined
      return { domain: domain.name, made, keys: keys.map((key) => keyShown(domain, key)), records, isList: isLook }
    }),
  json: ({ isList: _, records, ...shown }) => (records === undefined ? shown : { ...shown, records }),
  lines,
  exitCode: ({ records }) => (records?.every(({ state }) => state === 'right') === false ? 1 : 0),
})

const isRetired = ({ retiredAt }: DkimKey): boolean => retiredAt !== undefined

function refuseTwoAtOnce({ new: isNew, list, check, retire, remove: removed }: Asked): void {
  const asked = [isNew, list, check, retire !== undefined, removed !== undefined].filter(Boolean)
  if (asked.length > 1)
    throw new Usage(
      'That is more than one thing at once.',
      'Give one of --new, --list, --check, --retire and --remove.',
    )
}

type Removal = { readonly domain: Domain; readonly selector: string; readonly yes: boolean }

async function remove(directory: Directory, { domain, selector, yes }: Removal): Promise<void> {
  const key = (await directory.listDkimKeys(domain.id)).find((each) => each.selector === selector.toLowerCase())
  if (key !== undefined && !isRetired(key) && !yes)
    throw new Usage(
      `${selector} signs the mail of ${domain.name}: removing it is for good.`,
      'Retire it first: --retire. Or add --yes if you mean it.',
    )
  await directory.removeDkimKey(domain.id, { selector, by })
}

/** Answers their selectors. */
async function makeKeys(
  open: OpenStore,
  { domain, before }: { domain: Domain; before: readonly DkimKey[] },
): Promise<string[]> {
  const sealed = await sealedOf(open)
  const keys = await newKeys({ now: Date.now(), taken: before.map(({ selector }) => selector) })
  for (const { privateKey: pem, ...key } of keys) {
    const privateKey = sealed.sealDkimKey(pem, { domain, selector: key.selector })
    await open.store.directory.addDkimKey(domain.id, { ...key, privateKey, by })
  }
  return keys.map(({ selector }) => selector)
}

function look(
  { config }: OpenStore,
  { domain, keys }: { domain: Domain; keys: readonly DkimKey[] },
): Promise<RecordReport[]> {
  const lookup = createLookup({ ...dns, servers: config.dnsServers })
  return Promise.all(keys.map((key) => checkRecord(lookup, dkimRecord(domain, key))))
}

const keyShown = (domain: Domain, key: DkimKey): KeyShown => ({
  ...{ selector: key.selector, algorithm: key.algorithm, state: isRetired(key) ? 'retired' : 'signs' },
  created_at: new Date(key.createdAt).toISOString(),
  retired_at: key.retiredAt === undefined ? null : new Date(key.retiredAt).toISOString(),
  record: {
    ...{ type: 'TXT', name: recordName(domain.name, key), also: domain.aliases.map((name) => recordName(name, key)) },
    ...{ value: recordValue(key), strings: recordStrings(key) },
  },
})

function lines({ domain, made, keys, records, isList }: Shown): string[] {
  if (records !== undefined)
    return [...recordLines(records), ...(records.length > 0 ? [''] : []), checkText(domain, records)]
  if (keys.length === 0) return [`${domain} has no DKIM keys. Make them: postern domain dkim ${domain}`]
  const list = table([
    ['SELECTOR', 'ALGORITHM', 'STATE', 'MADE'],
    ...keys.map(({ selector, algorithm, state, created_at: at, retired_at: end }) => [
      ...[selector, algorithm],
      ...[end === null ? state : `retired ${end}`, at],
    ]),
  ])
  if (isList) return list
  return [
    ...(made.length === 0 ? [] : [`Made ${made.join(' and ')}: they sign the mail of ${domain} from now on.`, '']),
    ...list,
    '',
    'Publish these TXT records, then see whether they are there:',
    `  postern domain dkim ${domain} --check`,
    ...keys.filter(({ state }) => state === 'signs').flatMap(({ record }) => ['', ...publicationLines(record)]),
  ]
}

const publicationLines = ({ name, also, strings }: KeyShown['record']): string[] => [
  ...[name, ...also].map((each) => `Name   ${each}`),
  'Type   TXT',
  `Value  ${strings.map((each) => `"${each}"`).join(' ')}`,
]

function checkText(domain: string, records: readonly RecordReport[]): string {
  if (records.length === 0) return `${domain} has no DKIM key that signs. Make them: postern domain dkim ${domain}`
  if (records.some(({ state }) => state === 'unknown'))
    return 'No name server answered. Check the network, or set POSTERN_DNS_SERVERS.'
  return records.every(({ state }) => state === 'right')
    ? 'The records are there: receivers can check what is signed.'
    : `Set the records that are wanted where the DNS of ${domain} is kept, then run this again.`
}
