// A session as commands show it, and the list of all of them, a page of a process at a time.

import type { LiveSession, SessionFilter } from '@postern/events'
import { type AskedProcess, askAll, silent, type Unanswered } from '../control/asked-processes.js'
import type { Reached } from '../control/reach.js'

export interface SessionObject {
  readonly id: string
  readonly protocol: LiveSession['protocol']
  readonly door: string
  readonly address: string | null
  readonly credential: { readonly id: string; readonly label: string } | null
  readonly client_address: string
  readonly client: string | null
  readonly since: string
  readonly mailbox: string | null
  readonly doing: string | null
  readonly process: { readonly pid: number; readonly host: string }
}

export const sessionObject = (session: LiveSession, { pid, host }: AskedProcess): SessionObject => ({
  ...{ id: session.id, protocol: session.protocol, door: session.door },
  address: session.address ?? null,
  credential: session.credential ?? null,
  client_address: session.clientAddress,
  client: session.client ?? null,
  since: new Date(session.since).toISOString(),
  mailbox: session.mailbox ?? null,
  doing: session.doing ?? null,
  process: { pid, host },
})

const credentialText = ({ credential, address }: SessionObject): string =>
  credential === null ? (address === null ? '-' : 'token') : `${credential.label} (${credential.id})`

export const sessionColumns: readonly (readonly [title: string, cell: (session: SessionObject) => string])[] = [
  ['ID', ({ id }) => id],
  ['WHO', ({ address }) => address ?? '-'],
  ['CREDENTIAL', credentialText],
  ['DOOR', ({ door }) => door],
  ['FROM', ({ client_address }) => client_address || 'unix socket'],
  ['CLIENT', ({ client }) => client ?? '-'],
  ['SINCE', ({ since }) => since],
  ['DOES', ({ doing, mailbox }) => [doing ?? 'waits', mailbox].filter((word) => word !== null).join(' ')],
  ['PROCESS', ({ process: { pid, host } }) => `${pid} on ${host}`],
]

/** What a list or an end leaves open. */
export interface LeftOpen {
  readonly unanswered: readonly Unanswered[]
  /** Why Redis is away, where it's set. */
  readonly trouble: string | undefined
}

export const leftOpenLines = ({ unanswered, trouble }: LeftOpen): string[] => [
  ...unanswered.map(({ pid, host, why }) => `Process ${pid} on ${host} did not answer: ${why}.`),
  ...(trouble === undefined ? [] : [`Redis is away (${trouble}): processes of other machines were not asked.`]),
]

/** `left` is known behind the last page. */
export type SessionsPage = { readonly rows: readonly SessionObject[]; readonly left?: LeftOpen }

/** The first page of each process at once, so that those that hang do so together; then one after the other. */
export async function* sessionPages(
  { processes, trouble }: Reached,
  filter: SessionFilter,
): AsyncIterable<SessionsPage> {
  const { answers, unanswered } = await askAll(processes, { kind: 'list', filter })
  for (const { process, answer } of answers) {
    yield { rows: answer.sessions.map((session) => sessionObject(session, process)) }
    for (let after = answer.next; after !== undefined; ) {
      try {
        const page = await process.ask({ kind: 'list', filter, after })
        yield { rows: page.sessions.map((session) => sessionObject(session, process)) }
        after = page.next
      } catch (error) {
        unanswered.push(silent(process, error))
        break
      }
    }
  }
  yield { rows: [], left: { unanswered, trouble } }
}
