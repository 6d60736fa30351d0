// The one way in for all three doors (contract F1): a message is read off its sender, held while it's judged, and handed to the modes of
// its recipients' domains, lane by lane. What comes back is one outcome for each recipient, in their order. Whatever is thrown
// happened before anything was stored.

import { arrivedHeader, type DiskUse, type HeldText, holdText, Intake, LineCheck, readHeaderBlock } from '@postern/smtp'
import type { Addressed, ArrivalRecipient, Mode, Outcome, Verdict } from './arrival.js'
import type { InboundContext } from './context.js'
import { noteOutcomes, noteRefused } from './mail-events.js'
import { refuseBrokenBeginning, refuseCircles } from './text/arrived-header.js'

export interface Delivering extends Addressed {
  readonly bytesMax: number
  /** SMTP has one answer for all recipients: all have the message, or none. They are of one lane (`laneOf`). */
  readonly together: boolean
}

/** Recipients of one lane are judged alike and handed over together. */
export function laneOf(recipient: ArrivalRecipient, context: InboundContext): string {
  return `${modeOf(recipient, context).laneOf(recipient)} ${context.judge.laneOf(recipient)}`
}

export async function deliver(
  data: AsyncIterable<Uint8Array>,
  { delivering, context }: { readonly delivering: Delivering; readonly context: InboundContext },
): Promise<readonly Outcome[]> {
  const intake = new Intake(data, { bytesMax: delivering.bytesMax, lines: new LineCheck({ octetsMax: Infinity }) })
  let text: HeldText | undefined
  try {
    text = await held(intake, { delivering, context })
    const outcomes = await inLanes(text, { delivering, context })
    noteOutcomes(outcomes, { text, arrival: delivering.arrival, context })
    return outcomes
  } catch (error) {
    noteRefused(error, { text, addressed: delivering, context })
    throw error
  } finally {
    await text?.drop()
    // Whatever went wrong, the sender hears of it when it has sent all.
    await intake.drop()
  }
}

interface Way {
  readonly delivering: Delivering
  readonly context: InboundContext
}

async function held(intake: Intake, { delivering, context }: Way): Promise<HeldText> {
  const { header, rest } = await readHeaderBlock(() => intake.next())
  const fields = arrivedHeader(header)
  refuseBrokenBeginning(fields)
  refuseCircles(fields, new Set(delivering.recipients.map(({ address }) => address.toLowerCase())))
  let first: Buffer | undefined = rest.length > 0 ? rest : undefined
  const next = async (): Promise<Buffer | undefined> => {
    const piece = first ?? (await intake.next())
    first = undefined
    return piece
  }
  return holdText({ header, next }, { ...context.holding, disk: diskUseFor(delivering.recipients, context) })
}

/** What the strictest of them asks for. */
function diskUseFor(recipients: readonly ArrivalRecipient[], context: InboundContext): DiskUse {
  const uses = new Set(recipients.map((recipient) => modeOf(recipient, context).disk))
  return uses.has('never') ? 'never' : uses.has('sealed') ? 'sealed' : 'plain'
}

async function inLanes(text: HeldText, { delivering, context }: Way): Promise<readonly Outcome[]> {
  const { arrival, recipients, together } = delivering
  const outcomes = new Map<ArrivalRecipient, Outcome>()
  for (const lane of lanes(recipients, context)) {
    const addressed = { arrival, recipients: lane.recipients }
    const verdict = await context.judge.judge(text, addressed)
    const own = answered(verdict, addressed) ?? (await lane.mode.deliver(text, { ...addressed, verdict, together }))
    for (const outcome of own) outcomes.set(outcome.recipient, outcome)
  }
  return recipients.map((recipient) => outcomes.get(recipient) as Outcome)
}

/** Where the verdict is an answer already. */
function answered({ action, reply }: Verdict, { recipients }: Addressed): readonly Outcome[] | undefined {
  switch (action) {
    case 'accept':
    case 'spam':
      return undefined
    case 'refuse':
      return recipients.map((recipient) => ({
        ...{ recipient, kind: 'refused' },
        reply: reply ?? '550 5.7.1 The message was refused',
      }))
    case 'defer':
      return recipients.map((recipient) => ({
        ...{ recipient, kind: 'deferred' },
        reply: reply ?? '451 4.7.1 The message cannot be taken now, try again later',
      }))
  }
}

interface Lane {
  readonly mode: Mode
  readonly recipients: ArrivalRecipient[]
}

function lanes(recipients: readonly ArrivalRecipient[], context: InboundContext): Iterable<Lane> {
  const found = new Map<string, Lane>()
  for (const recipient of recipients) {
    const key = laneOf(recipient, context)
    const lane = found.get(key) ?? { mode: modeOf(recipient, context), recipients: [] }
    lane.recipients.push(recipient)
    found.set(key, lane)
  }
  return found.values()
}

/** Whose domain has a mode that takes no mail is refused at RCPT. */
function modeOf({ domain }: ArrivalRecipient, { modes }: InboundContext): Mode {
  const mode = modes[domain.mode]
  if (mode === undefined) throw new Error(`nothing takes mail for domains of mode ${domain.mode}`)
  return mode
}
