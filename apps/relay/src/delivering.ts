// One load from its lane to its report: by the way that it goes, into an inbox of this gateway, out, or nowhere.

import { type AccountId, StoreRefusal } from '@postern/mailbox-store'
import { all, type Carrier, carry, type OpenedMessage, openMessage, unreadable } from './carrying.js'
import type { RelayLoad } from './loads.js'
import type { Measures } from './measures.js'
import { post } from './posting.js'
import type { About, Reporting } from './reporting.js'
import { CannotSeal, clearText, type SealFor } from './sealing.js'
import type { Sent } from './transport.js'
import { type Here, type PlanHere, type Verdict, verdictOf } from './verdicts.js'

export interface Delivering extends Carrier {
  readonly reporting: Reporting
  readonly measures: Measures
  readonly random: () => number
  /** INBOX takes what is delivered here where nobody is there to ask. */
  readonly planHere: PlanHere | undefined
  /** Without it every inbox keeps what it's given. */
  readonly sealFor: SealFor | undefined
  /** The relay stops: tries that it cuts short count for nothing. */
  readonly signal: AbortSignal
}

export async function deliver(load: RelayLoad, delivering: Delivering): Promise<void> {
  const { way, lane } = load
  const opened = await openMessage(load, delivering)
  const about = { opened, relay: lane.key }
  switch (way.kind) {
    case 'none':
      return report(load, all(load, { kind: way.outcome, status: way.status, text: way.text }), { about, delivering })
    case 'sink': {
      const answers =
        opened === undefined ? all(load, unreadable) : await post(load, { sink: way.sink, opened, posting: delivering })
      return report(load, answers, { about: { opened, relay: lane.key }, delivering })
    }
    case 'inbox':
      if (opened === undefined) return report(load, all(load, unreadable), { about, delivering })
      return deliverHere(load, { account: way.account, opened, about, delivering })
    case 'out': {
      const started = performance.now()
      const answers =
        opened === undefined ? all(load, unreadable) : await carry({ ...load, way }, { opened, carrier: delivering })
      delivering.measures.attempted((performance.now() - started) / 1000)
      const heard = delivering.signal.aborted ? answers.filter(({ kind }) => kind !== 'deferred') : answers
      return report(load, heard, { about, delivering })
    }
  }
}

interface Reported {
  readonly about: About
  readonly delivering: Delivering
}

async function report(load: RelayLoad, answers: readonly Sent[], { about, delivering }: Reported): Promise<void> {
  await delivering.reporting.report(verdictsOf(load, answers, { delivering }), about)
}

/** The store says whether it fits, when it's written. */
async function deliverHere(
  load: RelayLoad,
  { account, opened, about, delivering }: Reported & { readonly account: AccountId; readonly opened: OpenedMessage },
): Promise<void> {
  const delivered = all(load, { kind: 'delivered', relaysDsn: false, text: 'Delivered to the inbox' })
  try {
    const sealing = { account, opened, delivering }
    const planned = await plannedHere(load, sealing)
    const pieces = await sealed(sealing)
    const here = { ...planned, message: pieces && (await delivering.store.stage(pieces)) }
    await delivering.reporting.report(verdictsOf(load, delivered, { delivering, here }), about)
  } catch (error) {
    if (error instanceof CannotSeal)
      return report(load, all(load, { ...notSealed, text: error.message }), { about, delivering })
    if (!(error instanceof StoreRefusal)) throw error
    const status = error.code === 'over-quota' ? '4.2.2' : '4.2.0'
    await report(load, all(load, { kind: 'deferred', status, text: error.message }), { about, delivering })
  }
}

const notSealed = { kind: 'deferred', status: '4.7.5' } as const

interface Sealing {
  readonly account: AccountId
  readonly opened: OpenedMessage
  readonly delivering: Delivering
}

/** Undefined where the inbox keeps the text as it is. */
async function sealed({
  account,
  opened: { header, content },
  delivering: { sealFor },
}: Sealing): Promise<AsyncIterable<Uint8Array> | undefined> {
  return sealFor?.(account, await clearText(content, header.bodyStart ?? header.bytes.length))
}

async function plannedHere(load: RelayLoad, sealing: Sealing): Promise<Here> {
  const { account, opened, delivering } = sealing
  const { planHere } = delivering
  const [row] = load.rows
  if (planHere === undefined || row === undefined) return { to: { account } }
  const { content, header } = opened
  const storedText = async (): Promise<AsyncIterable<Uint8Array>> => (await sealed(sealing)) ?? content.stream()
  return planHere({ row, account, header: header.bytes, content, storedText })
}

function verdictsOf(
  { rows }: RelayLoad,
  answers: readonly Sent[],
  { delivering, here }: { delivering: Delivering; here?: Here },
): Verdict[] {
  const { clock, random, limits } = delivering
  return answers.flatMap((sent) => {
    const row = rows.find(({ id }) => id === sent.id)
    return row === undefined ? [] : [verdictOf(row, sent, { now: clock(), random: random(), limits, here })]
  })
}
