// `postern session …`: who is here now, in every process that runs on the data folder or shares its Redis, and who shall not be any
// longer. What ends a session is in the audit log; its client may log in again, unless its credential is revoked.

import type { SessionFilter } from '@postern/events'
import type { Directory, EnvironmentId, TenantId } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { askAll } from '../control/asked-processes.js'
import { type Reached, reachProcesses } from '../control/reach.js'
import { type Command, command, readOptions } from './command.js'
import { type OpenStore, openExisting, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { choice, one, type Values } from './options.js'
import { credentialOf, inboxOf } from './references.js'
import {
  type LeftOpen,
  leftOpenLines,
  type SessionObject,
  type SessionsPage,
  sessionColumns,
  sessionObject,
  sessionPages,
} from './session-objects.js'
import { table } from './table.js'
import { Usage } from './usage.js'

const options = {
  inbox: one('<address>', "of this inbox, or of the login for a whole domain: '*@example.com'"),
  credential: one('<credential>', 'that this credential opened: its id, or its label'),
  protocol: choice(['imap', 'smtp', 'lmtp'], 'of this protocol'),
} as const

/** Whom a command means, and the record that it named them by. */
interface Meant {
  readonly filter: SessionFilter
  readonly object: string | undefined
  readonly tenant: TenantId | undefined
}

async function meant({ store: { directory } }: OpenStore, given: Values<typeof options>): Promise<Meant> {
  const word = given.inbox?.toLowerCase()
  const inbox = word === undefined || word.startsWith('*@') ? undefined : await inboxOf(directory, word)
  const credential = given.credential === undefined ? undefined : await credentialOf(directory, given.credential)
  const environment = credential?.environment ?? inbox?.environment
  return {
    filter: { protocol: given.protocol, address: inbox?.address ?? word, credential: credential?.publicId },
    object: credential?.publicId ?? inbox?.publicId ?? word,
    tenant: environment === undefined ? undefined : (await directory.getEnvironment(environment)).tenant,
  }
}

const list: Command = {
  name: 'session list',
  about: 'list who is connected now, in every process',
  parameters: [],
  options,
  run: async ({ env, options: typed }) => ({
    isList: true,
    text: (isJson) => listed(env, { given: readOptions(options, typed), write: isJson ? asJson() : asText() }),
    exitCode: 0,
    printed: async () => undefined,
  }),
}

interface Listed {
  readonly given: Values<typeof options>
  readonly write: (page: SessionsPage) => string
}

async function* listed(env: Parameters<Command['run']>[0]['env'], { given, write }: Listed): AsyncIterable<string> {
  const open = await openExisting(env)
  let reached: Reached | undefined
  try {
    const { filter } = await meant(open, given)
    reached = await reachProcesses(open)
    for await (const page of sessionPages(reached, filter)) yield write(page)
  } finally {
    await reached?.close()
    await open.close()
  }
}

function asText(): Listed['write'] {
  let isFirst = true
  return ({ rows, left }) => {
    const cells = rows.map((row) => sessionColumns.map(([, cell]) => cell(row)))
    const titled = isFirst ? [sessionColumns.map(([title]) => title), ...cells] : cells
    isFirst = false
    return [...table(titled), ...(left === undefined ? [] : leftOpenLines(left))].map((line) => `${line}\n`).join('')
  }
}

function asJson(): Listed['write'] {
  const begin = '{"data":['
  let before = begin
  return ({ rows, left }) => {
    const text = rows.map((row) => JSON.stringify(row)).join(',')
    const piece = text === '' ? '' : `${before}${text}`
    if (text !== '') before = ','
    if (left === undefined) return piece
    const { unanswered, trouble } = left
    const end = `],"unanswered":${JSON.stringify(unanswered)},"redis_trouble":${JSON.stringify(trouble ?? null)}}\n`
    return `${before === begin ? begin : ''}${end}`
  }
}

interface Ended extends LeftOpen {
  readonly sessions: readonly SessionObject[]
}

const end = command('session end', {
  about: 'end sessions: one by its id, or all of an inbox or a credential; their clients may log in again',
  parameters: [['[session]', 'the id of one, as the list and the log have it']],
  options,
  run: ({ env, args: [id], options: given }) =>
    withStore(env, async (open): Promise<Ended> => {
      if ((id === undefined) === (given.inbox === undefined && given.credential === undefined))
        throw new Usage(
          'Say which sessions: one id, or an inbox, or a credential.',
          'See `postern session end --help`.',
        )
      const { filter, ...about } = await meant(open, given)
      const reached = await reachProcesses(open)
      try {
        const ended = await endAll(reached, { ...filter, id })
        await note(open.store.directory, { ...about, id, ended })
        if (id !== undefined && ended.sessions.length === 0 && ended.unanswered.length === 0) throw noSuch(id)
        return ended
      } finally {
        await reached.close()
      }
    }),
  lines: ({ sessions, ...left }) => [
    ...sessions.map(
      ({ id, address, door, client_address }) => `${id} (${address ?? '-'}, ${door} from ${client_address}) is ended.`,
    ),
    ...(sessions.length === 0 ? ['No session was open.'] : []),
    ...leftOpenLines(left),
  ],
  json: ({ sessions, unanswered, trouble }) => ({ data: sessions, unanswered, redis_trouble: trouble ?? null }),
  exitCode: ({ unanswered, trouble }) => (unanswered.length > 0 || trouble !== undefined ? 1 : 0),
})

const noSuch = (id: string): Failure =>
  new Failure('not_found', `There is no session ${id}.`, { fix: 'See `postern session list`.' })

async function endAll({ processes, trouble }: Reached, filter: SessionFilter): Promise<Ended> {
  const { answers, unanswered } = await askAll(processes, { kind: 'end', filter })
  const sessions = answers.flatMap(({ process, answer }) => answer.sessions.map((one) => sessionObject(one, process)))
  return { sessions, unanswered, trouble }
}

/** So many are named in the audit log. */
const notedMax = 50

interface Noted extends Omit<Meant, 'filter'> {
  readonly id: string | undefined
  readonly ended: Ended
}

async function note(directory: Directory, { object, tenant, id, ended: { sessions } }: Noted): Promise<void> {
  const [first] = sessions
  if (first === undefined) return
  await directory.appendAudit({
    ...{ by, action: 'session.end', object: id ?? object ?? first.id },
    tenant: tenant ?? (await tenantOf(directory, first)),
    detail: {
      count: sessions.length,
      sessions: sessions.slice(0, notedMax).map((one) => ({
        ...{ id: one.id, protocol: one.protocol, address: one.address, client_address: one.client_address },
        credential: one.credential?.id ?? null,
      })),
    },
  })
}

/** Of whom the session is. */
async function tenantOf(directory: Directory, { address }: SessionObject): Promise<TenantId | undefined> {
  if (address === null) return undefined
  const environment = address.startsWith('*@')
    ? (await directory.findDomain(address.slice(2)))?.environment
    : await environmentOf(directory, address)
  return environment === undefined ? undefined : (await directory.getEnvironment(environment)).tenant
}

async function environmentOf(directory: Directory, address: string): Promise<EnvironmentId | undefined> {
  const found = await directory.findAddress(address)
  return found === undefined || found.via === 'catch-all' ? undefined : found.inbox.environment
}

export const sessionCommands: readonly Command[] = [list, end]
