/**
 * The parent's end of its workers' events: it passes each ring on to the workers that listen to the mailbox, counts for all of
 * them, and knows which submissions are under way. Each worker's rings wait apart, merged and bounded, until its pipe has taken
 * those before: a worker that hangs holds up nobody else. What a worker held is given back when it's gone.
 */
import type { Counters } from './counters.js'
import {
  type CountQuestion,
  type HeldPlace,
  ipcKinds,
  type Mailboxes,
  type Rings,
  type SentMessage,
  type SettledQuestion,
} from './ipc-kinds.js'
import type { IpcLink } from './ipc-link.js'
import { type LocalCountersOptions, localCounters } from './local-counters.js'
import { type LocalSendingOptions, localSending } from './local-sending.js'
import type { EndOfSending, Sending } from './sending.js'
import { type Published, WaitingRings } from './waiting-rings.js'

export interface EventsHubOptions {
  readonly counters: LocalCountersOptions
  readonly sending: LocalSendingOptions
}

/** Mailboxes whose rings wait for one worker. */
const waitingMax = 10_000
const ringsAtOnce = 500

interface Member {
  readonly link: IpcLink
  readonly mailboxes: Set<number>
  readonly waiting: WaitingRings
  readonly held: Map<string, HeldPlace>
  readonly sending: Map<string, EndOfSending[]>
  isTelling: boolean
}

export class EventsHub {
  readonly #counters: Counters
  readonly #sending: Sending
  readonly #members = new Set<Member>()

  constructor({ counters, sending }: EventsHubOptions) {
    this.#counters = localCounters(counters)
    this.#sending = localSending(sending)
  }

  /** A worker has come; it leaves by itself when its link is down. */
  attach(link: IpcLink): void {
    const waiting = new WaitingRings(waitingMax)
    const [mailboxes, held, sending] = [new Set<number>(), new Map(), new Map()]
    const member: Member = { link, mailboxes, waiting, held, sending, isTelling: false }
    this.#members.add(member)
    link.onDown(() => this.#left(member))
    this.#passRings(member)
    this.#count(member)
    this.#noteSending(member)
  }

  #left(member: Member): void {
    this.#members.delete(member)
    for (const place of member.held.values()) void this.#counters.release(place.key, place.member)
    for (const ends of member.sending.values()) for (const end of ends) end()
  }

  #passRings(member: Member): void {
    const { link, mailboxes } = member
    link.hear<Rings>(ipcKinds.rings, (rings) => {
      for (const other of this.#members) if (other !== member) pass(rings, other)
    })
    link.hear<Mailboxes>(ipcKinds.listen, (listened) => {
      for (const mailbox of listened) mailboxes.add(mailbox)
      link.post(ipcKinds.hearing, listened)
    })
    link.hear<Mailboxes>(ipcKinds.unlisten, (left) => {
      for (const mailbox of left) mailboxes.delete(mailbox)
    })
  }

  #count({ link, held }: Member): void {
    link.answer<CountQuestion>(ipcKinds.count, async (question) => {
      const answer = await this.#answer(question)
      if (question.what === 'hold' && answer === true) held.set(nameOf(question), question)
      return answer
    })
    link.hear<HeldPlace>(ipcKinds.release, (place) => {
      held.delete(nameOf(place))
      void this.#counters.release(place.key, place.member)
    })
  }

  #answer(question: CountQuestion): Promise<unknown> {
    switch (question.what) {
      case 'add':
        return this.#counters.add(question.key, question)
      case 'addDistinct':
        return this.#counters.addDistinct(question.key, question.member, question)
      case 'distinct':
        return this.#counters.distinct(question.key, question)
      case 'hold':
        return this.#counters.hold(question.key, question.member, question)
    }
  }

  #noteSending({ link, sending }: Member): void {
    link.hear<SentMessage>(ipcKinds.sendingBegins, (message) => {
      const end = this.#sending.begin(message.account, message.messageIdHash)
      sending.set(idOf(message), [...(sending.get(idOf(message)) ?? []), end])
    })
    link.hear<SentMessage>(ipcKinds.sendingEnds, (message) => {
      const ends = sending.get(idOf(message)) ?? []
      ends.shift()?.()
      if (ends.length === 0) sending.delete(idOf(message))
    })
    link.answer<SettledQuestion>(ipcKinds.sendingSettled, async ({ account, messageIdHash, timeoutMs }) => {
      await this.#sending.settled(account, messageIdHash, { timeoutMs })
      return null
    })
  }
}

const nameOf = ({ key, member }: HeldPlace): string => `${key} ${member}`
const idOf = ({ account, messageIdHash }: SentMessage): string => `${account}:${messageIdHash}`

function pass(rings: Rings, member: Member): void {
  for (const ring of rings) if (concerns(ring, member)) member.waiting.add(ring)
  if (member.waiting.size > 0 && !member.isTelling) void tell(member)
}

const concerns = (ring: Published, { mailboxes }: Member): boolean =>
  ring === 'everyone' || !('mailbox' in ring) || mailboxes.has(ring.mailbox)

async function tell(member: Member): Promise<void> {
  const { link, waiting } = member
  member.isTelling = true
  while (waiting.size > 0 && link.isUp) {
    link.post(ipcKinds.rings, waiting.take(ringsAtOnce))
    await link.flushed()
  }
  member.isTelling = false
}
