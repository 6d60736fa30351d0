// A server that nobody vouches for. What its network does is counted, and its session too: who guesses names waits, and then has to go.

import { setTimeout as sleep } from 'node:timers/promises'
import { counterKeys } from '@postern/events'
import { clientNetwork } from '@postern/service'
import { type Reply, SmtpError } from '@postern/smtp'
import type { ArrivalRecipient, Outcome } from '../arrival.js'
import type { FullInboxes } from './full-inboxes.js'
import { isKnown } from './greylist.js'
import type { GuardOptions, Guest } from './guard.js'

export interface StrangerOptions extends GuardOptions {
  readonly full: FullInboxes
  readonly remoteAddress: string
  readonly until: Promise<void>
}

type Counted = Parameters<typeof counterKeys.arriving>[0]

const minuteMs = 60_000
const hourMs = 3_600_000

export class Stranger implements Guest {
  readonly #options: StrangerOptions
  readonly #network: string
  readonly #gone = new AbortController()
  #unknown = 0
  #listing: Promise<string | undefined> | undefined

  constructor(options: StrangerOptions) {
    this.#options = options
    this.#network = clientNetwork(options.remoteAddress)
    void options.until.then(() => this.#gone.abort())
  }

  async comes(): Promise<Reply | undefined> {
    const { limits, blocklists, remoteAddress } = this.#options
    const { connectionsPerMinute, unknownPerHour } = limits
    if (await this.#isOver('connections', { max: connectionsPerMinute, windowMs: minuteMs, by: 1 }))
      return this.#away('connections', '421 4.7.0 Too many connections from your network, try again later')
    if (await this.#isOver('unknown-recipients', { max: unknownPerHour, windowMs: hourMs, by: 0 }))
      return this.#away('unknown recipients', tooManyUnknown)
    // Asked while the client says hello, so that it waits for it at RCPT at most.
    this.#listing = blocklists.listing(remoteAddress)
    return undefined
  }

  async sends(): Promise<void> {
    const { messagesPerMinute } = this.#options.limits
    if (await this.#isOver('messages', { max: messagesPerMinute, windowMs: minuteMs, by: 1 }))
      throw new SmtpError(this.#away('messages', '450 4.7.1 Too many messages from your network, try again later'))
  }

  async asks<Answer>(find: () => Promise<Answer>): Promise<Answer> {
    try {
      return await find()
    } catch (error) {
      if (error instanceof SmtpError && nobodyHere.test(error.reply)) await this.#guessed()
      throw error
    }
  }

  async #guessed(): Promise<void> {
    const { unknownPerSession, unknownAtOnce, unknownPerHour, tarpitStepMs, tarpitMsMax } = this.#options.limits
    this.#unknown++
    const isOver = await this.#isOver('unknown-recipients', { max: unknownPerHour, windowMs: hourMs, by: 1 })
    if (isOver || this.#unknown > unknownPerSession)
      throw new SmtpError(this.#away('unknown recipients', tooManyUnknown))
    const waitMs = Math.min(tarpitMsMax, (this.#unknown - unknownAtOnce) * tarpitStepMs)
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#gone.signal }).catch(() => undefined)
  }

  async mayWriteTo(recipient: ArrivalRecipient, sender: string): Promise<void> {
    const { full, limits } = this.#options
    const { address } = recipient
    // RFC 5321 §4.5.1: whoever is refused can still ask why.
    if (!/^(?:postmaster|abuse)@/i.test(address)) await this.#checkListing()
    if (
      limits.greylistMs > 0 &&
      !(await isKnown({ network: this.#network, sender, recipient: address }, this.#options))
    )
      throw new SmtpError(
        this.#away('greylisted', `451 4.7.1 You are new here: try again in ${comeBackS(limits.greylistMs)} seconds`),
      )
    await full.check(recipient, sender)
  }

  async #checkListing(): Promise<void> {
    const zone = await this.#listing
    if (zone === undefined) return
    const { remoteAddress } = this.#options
    throw new SmtpError(this.#away('blocklist', `550 5.7.1 ${remoteAddress} is listed by ${zone}`))
  }

  hadNoRoom(outcomes: readonly Outcome[], sender: string): Promise<void> {
    return this.#options.full.note(outcomes, sender)
  }

  async #isOver(
    what: Counted,
    { max, windowMs, by }: { readonly max: number; readonly windowMs: number; readonly by: number },
  ): Promise<boolean> {
    const { counters, clock } = this.#options
    if (max === 0) return false
    const count = await counters.add(counterKeys.arriving(what, this.#network), { windowMs, nowMs: clock(), by })
    return count > max
  }

  #away(reason: string, reply: Reply): Reply {
    this.#options.metrics.inboundTurnedAway.inc({ reason })
    return reply
  }
}

/** Counters know a time to a tenth of it: who comes by this one isn't sent away again. */
const comeBackS = (greylistMs: number): number => Math.ceil((greylistMs * 1.1) / 1000)

const tooManyUnknown: Reply = '421 4.7.0 Too many recipients who are not here, try again later'

/** 5.1.1 and relaying: what spammers try. */
const nobodyHere = /^550 5\.(?:1\.1|7\.1) /
