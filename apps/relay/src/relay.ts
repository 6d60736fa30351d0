// The relay (contract E2, E4, E5): claims what is due, sends it, and reports. It is woken by the doorbell and asks the queue itself
// now and then. Loads wait in lanes (lanes.ts) until their destination has a place; claims leave out what has none.

import { setMaxListeners } from 'node:events'
import type { Doorbell } from '@postern/events'
import type { Store } from '@postern/mailbox-store'
import type { SinkClient } from '@postern/sink'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import { Crowding } from './crowding.js'
import { type Delivering, deliver } from './delivering.js'
import { Signer, type SignerOptions } from './dkim/signer.js'
import { Lanes } from './lanes.js'
import { Leases } from './leases.js'
import { first, loadsOf, type RelayLoad } from './loads.js'
import { Measures } from './measures.js'
import { hasDied, ownerName, thisPlace } from './owner.js'
import { defaultRelayLimits, purgeBatch, type RelayLimits } from './relay-limits.js'
import { Reporting, type ReportingOptions } from './reporting.js'
import { Rest } from './rest.js'
import type { SealFor } from './sealing.js'
import { Seldom } from './seldom.js'
import { TransportSet, type TransportSetOptions } from './transport-set.js'
import { Unreachable } from './unreachable.js'
import type { PlanHere } from './verdicts.js'
import { type Lookups, wayOf } from './ways.js'

export interface RelayOptions
  extends Lookups,
    Pick<SignerOptions, 'dkimOf'>,
    Pick<ReportingOptions, 'noticePlaceOf' | 'hostname'>,
    Pick<TransportSetOptions, 'transportFor'> {
  /** What an inbox's rules want with what is delivered here. */
  readonly planHere?: PlanHere
  /** What an inbox gets in the place of a clear text; without it each keeps what it's given. */
  readonly sealFor?: SealFor
  /** Who posts to sinks; without one they wait. */
  readonly sinks?: Pick<SinkClient, 'post'>
  readonly store: Store
  readonly doorbell: Doorbell
  /** Unix milliseconds; the store's own clock. */
  readonly clock: () => number
  /** Between 0 and 1. */
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
  readonly limits?: Partial<RelayLimits>
}

export interface RelayStats {
  /** Recipients under lease here, and parcels on their way. */
  readonly inHand: number
  readonly sending: number
}

export interface Relay {
  readonly owner: string
  stats(): RelayStats
  /** Begins nothing new, gives back what hasn't begun, and waits for what has. */
  drain(): Promise<void>
  /** Ends what is under way, and gives back what has no answer. */
  close(): Promise<void>
}

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RelayLoop(options)
  await relay.start()
  return relay
}

class RelayLoop implements Relay {
  readonly owner: string
  readonly #options: RelayOptions
  readonly #limits: RelayLimits
  readonly #lanes: Lanes<RelayLoad>
  readonly #leases: Leases
  readonly #delivering: Delivering
  readonly #sending = new Map<RelayLoad, Promise<void>>()
  readonly #crowding: Crowding
  readonly #rest = new Rest()
  readonly #seldom: Seldom
  readonly #stopping = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  #stopListening: () => void = () => {}
  #running: Promise<void> = Promise.resolve()
  #isDraining = false
  #probeAt: number | undefined
  #otherRoutesAt = 0

  constructor(options: RelayOptions) {
    const { store, clock, logger } = options
    const limits = { ...defaultRelayLimits, ...options.limits }
    const owner = ownerName(thisPlace())
    this.owner = owner
    // Any number of reports may wait for a store that can't write.
    setMaxListeners(0, this.#stopping.signal)
    this.#options = options
    this.#limits = limits
    const seldom = new Seldom({ logger, clock })
    this.#seldom = seldom
    this.#lanes = new Lanes(limits)
    this.#crowding = new Crowding(limits)
    this.#leases = new Leases({
      ...{ outbox: store.outbox, owner, leaseMs: limits.leaseMs, clock, logger, seldom },
      onLost: (load) => this.#lost(load),
    })
    this.#delivering = deliveringOf(options, { owner, limits, seldom, signal: this.#stopping.signal })
  }

  async start(): Promise<void> {
    const { doorbell } = this.#options
    const { measureEveryMs, purgeEveryMs, transportIdleMs } = this.#limits
    await this.#takeOver()
    this.#leases.start()
    this.#stopListening = doorbell.listenForOutbox(() => this.#rest.end())
    this.#every(measureEveryMs, async () => this.#delivering.measures.queue(await this.#options.store.outbox.stats()))
    this.#every(purgeEveryMs, () => this.#purge())
    this.#every(transportIdleMs, () => this.#delivering.transports.closeIdle())
    this.#running = this.#run()
  }

  stats(): RelayStats {
    return { inHand: this.#lanes.inHand, sending: this.#lanes.active }
  }

  async drain(): Promise<void> {
    this.#isDraining = true
    this.#rest.end()
    await this.#running
    await this.#putOff(this.#lanes.takeQueued(), this.#options.clock()).catch(this.#notGivenBack)
    await Promise.all(this.#sending.values())
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    for (const load of this.#sending.keys()) load.abort.abort()
    await this.drain()
    this.#leases.stop()
    this.#stopListening()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#delivering.transports.closeAll()
    await this.#options.store.outbox.release(this.owner).catch(this.#notGivenBack)
  }

  /** Of relays of this machine that are dead for certain. */
  async #takeOver(): Promise<void> {
    const { store, logger } = this.#options
    const place = thisPlace()
    for (const owner of await store.outbox.owners()) {
      if (!hasDied(owner, place)) continue
      const recipients = await store.outbox.release(owner, { died: true })
      logger.warn({ recipients }, 'took over what a relay had in hand that has died')
    }
  }

  #every(ms: number, work: () => Promise<void>): void {
    const run = (): void => {
      work().catch((err: unknown) => this.#seldom.error(err, "the relay's own work failed"))
    }
    run()
    this.#timers.push(setInterval(run, ms))
  }

  async #purge(): Promise<void> {
    const { store, clock } = this.#options
    const closedBefore = clock() - this.#limits.closedKeptMs
    while (!this.#isDraining && (await store.outbox.purge({ closedBefore, limit: purgeBatch })) === purgeBatch);
  }

  async #run(): Promise<void> {
    while (!this.#isDraining) {
      this.#rest.begin()
      const claimed = await this.#round().catch((err: unknown) => {
        this.#seldom.error(err, 'the queue could not be asked')
        return 0
      })
      if (claimed === 0) await this.#rest.for(this.#lanes.hasFullHost ? this.#limits.probePauseMs : this.#limits.pollMs)
    }
  }

  /** Answers how many were claimed. */
  async #round(): Promise<number> {
    const { store, logger } = this.#options
    const { leaseMs } = this.#limits
    const domainsFull = this.#lanes.fullDomains()
    const looksPast = domainsFull.length > 0 && this.#looksForOtherRoutes()
    const limit = Math.min(this.#lanes.room, looksPast ? this.#limits.probeMax : this.#claimMax())
    if (limit < 1) return 0
    const domainsBusy = looksPast ? [] : domainsFull
    const rows = await store.outbox.claim({ owner: this.owner, limit, leaseMs, domainsBusy })
    const sorted = await Promise.all(
      this.#leases.fresh(rows).map(async (row) => ({ row, way: await wayOf(row, this.#options, logger) })),
    )
    const loads = loadsOf(sorted, this.#limits)
    const crowded = loads.filter((load) => !this.#takeIn(load))
    await this.#putOffCrowded(crowded)
    this.#sendNext()
    return rows.length
  }

  /** A domain that is full may be so for one sender, while another one's smart host would take mail for it. */
  #looksForOtherRoutes(): boolean {
    const now = performance.now()
    if (now < this.#otherRoutesAt) return false
    this.#otherRoutesAt = now + this.#limits.otherRoutesMs
    return true
  }

  /** While a host is full, a claim may bring what has to be put off again: that is done now and then. */
  #claimMax(): number {
    const { claimMax, probeMs, probeMax, probePauseMs } = this.#limits
    const now = performance.now()
    const isFull = this.#lanes.hasFullHost
    if (!isFull || this.#probeAt === undefined) {
      this.#probeAt = isFull ? now + probeMs : undefined
      return isFull ? 0 : claimMax
    }
    if (now < this.#probeAt) return 0
    this.#probeAt = now + probePauseMs
    return probeMax
  }

  #takeIn(load: RelayLoad): boolean {
    if (!this.#lanes.hasRoomFor(load)) return false
    this.#leases.hold(load, first(load).leaseUntil)
    this.#lanes.add(load)
    return true
  }

  async #putOffCrowded(loads: readonly RelayLoad[]): Promise<void> {
    const now = this.#options.clock()
    for (const key of new Set(loads.map(({ lane }) => lane.key))) {
      const ofLane = loads.filter(({ lane }) => lane.key === key)
      const recipients = ofLane.reduce((sum, { size }) => sum + size, 0)
      await this.#putOff(ofLane, this.#crowding.comesAgainAt(key, recipients, now))
    }
  }

  async #putOff(loads: readonly RelayLoad[], until: number): Promise<void> {
    const ids = loads.flatMap(({ rows }) => rows.map(({ id }) => id))
    for (const load of loads) this.#leases.drop(load)
    if (ids.length > 0) await this.#options.store.outbox.postpone({ owner: this.owner, ids, until })
  }

  #sendNext(): void {
    if (this.#isDraining) return
    for (let load = this.#lanes.next(); load !== undefined; load = this.#lanes.next()) this.#send(load)
  }

  #send(load: RelayLoad): void {
    const sending = this.#deliver(load)
      .catch((err: unknown) => {
        this.#options.logger.error({ err, queueId: first(load).queueId }, 'a message was not worked off')
      })
      .then(async () => {
        this.#sending.delete(load)
        const claimedAgain = this.#leases.drop(load)
        this.#lanes.done(load)
        this.#crowding.served(load.lane.key, load.size, this.#options.clock())
        if (!this.#lanes.isFull(load.lane)) this.#rest.end()
        this.#sendNext()
        await this.#giveBack(claimedAgain)
      })
    this.#sending.set(load, sending)
  }

  /** Its lease ends all the same, and then it's anybody's. */
  readonly #notGivenBack = (err: unknown): void => this.#seldom.error(err, 'what is in hand could not be given back')

  /** Where the report has settled them they aren't ours any more, and nothing happens. */
  async #giveBack(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return
    const { store, clock } = this.#options
    await store.outbox.postpone({ owner: this.owner, ids, until: clock() }).catch(this.#notGivenBack)
    this.#rest.end()
  }

  /** What a load waited for too long isn't sent: somebody else may be at it. */
  async #deliver(load: RelayLoad): Promise<void> {
    if (this.#leases.isOurs(load)) await deliver(load, this.#delivering)
  }

  #lost(load: RelayLoad): void {
    if (this.#sending.has(load)) load.abort.abort()
    else {
      this.#lanes.remove(load)
      this.#leases.drop(load)
    }
  }
}

function deliveringOf(
  options: RelayOptions,
  { owner, limits, seldom, signal }: { owner: string; limits: RelayLimits; seldom: Seldom; signal: AbortSignal },
): Delivering {
  const { store, clock, random, logger, transportFor, planHere, sealFor, sinks } = options
  const measures = new Measures(options)
  const onError = (err: unknown): void => logger.error({ err }, 'a transport did not close')
  return {
    ...{ store, limits, clock, random, logger, measures, signal, planHere, sealFor, sinks },
    signer: new Signer(options),
    transports: new TransportSet({ transportFor, idleMs: limits.transportIdleMs, clock, onError }),
    unreachable: new Unreachable(limits.unreachableMs),
    reporting: new Reporting({ ...options, owner, measures, seldom, againMs: limits.reportAgainMs, signal }),
  }
}
