// Every limit and clock of the relay by name. What stands in `RelayLimits` is an argument; each has its answer and its test.

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export interface RelayLimits {
  /** A relay that dies loses what it holds after this. Renewed three times within it. */
  readonly leaseMs: number
  /** How often the queue is asked when nobody rings: for retries, and for what other processes took in. */
  readonly pollMs: number
  /** Recipients under lease at a time: what waits for its turn at a destination, too. */
  readonly inHandMax: number
  /** Of one claim. A destination that couldn't take all of another one is full. */
  readonly claimMax: number
  /** Parcels on their way at a time, in all. */
  readonly parallelMax: number
  /** To one domain by direct delivery, to one smart host or API, and into inboxes of this gateway: parcels at a time. */
  readonly parallelPerDomain: number
  readonly parallelPerHost: number
  readonly parallelHere: number
  /** Recipients in hand for one domain, and for one of the others. */
  readonly inHandPerDomain: number
  readonly inHandPerHost: number
  /** How long what finds its host full is put off: at the least, and at the most (`crowding.ts`). */
  readonly crowdedMs: number
  readonly crowdedMsMax: number
  /** When a host has been full for so long, it's looked whether there's mail for others behind its own: so many at a time. */
  readonly probeMs: number
  readonly probeMax: number
  /** Between two such looks. */
  readonly probePauseMs: number
  /** While a domain is full by its own hosts, how often it's looked whether somebody's mail goes there by another route. */
  readonly otherRoutesMs: number
  /** A destination that nobody could reach isn't tried again within this. */
  readonly unreachableMs: number
  /** The wait after the first try, twice as long after each, up to the longest. */
  readonly retryFirstMs: number
  readonly retryMsMax: number
  /** RFC 5321 §4.5.4.1: at least 4 to 5 days. */
  readonly giveUpMs: number
  /** When a sender who asked for it is told of a delay. */
  readonly delayMs: number
  /** RFC 5321 §6.3: more Received fields than the hundred that submission takes, and its own. */
  readonly hopsMax: number
  /** A report that the store can't take now is made again after this. */
  readonly reportAgainMs: number
  /** A transport without work is closed. */
  readonly transportIdleMs: number
  /** How long a settled submission is kept, for those who ask what became of it. */
  readonly closedKeptMs: number
  readonly purgeEveryMs: number
  readonly measureEveryMs: number
}

export const defaultRelayLimits: RelayLimits = {
  leaseMs: minuteMs,
  pollMs: 1_000,
  inHandMax: 2_000,
  claimMax: 50,
  parallelMax: 400,
  parallelPerDomain: 5,
  parallelPerHost: 10,
  parallelHere: 10,
  inHandPerDomain: 100,
  inHandPerHost: 200,
  crowdedMs: 500,
  crowdedMsMax: 5 * minuteMs,
  probeMs: 100,
  probeMax: 250,
  probePauseMs: 20,
  otherRoutesMs: 1_000,
  unreachableMs: minuteMs,
  retryFirstMs: 2 * minuteMs,
  retryMsMax: 4 * hourMs,
  giveUpMs: 5 * dayMs,
  delayMs: 4 * hourMs,
  hopsMax: 101,
  reportAgainMs: 1_000,
  transportIdleMs: 10 * minuteMs,
  closedKeptMs: 7 * dayMs,
  purgeEveryMs: hourMs,
  measureEveryMs: 15_000,
}

/** How much of each wait is left to chance, so that what failed together isn't tried together. */
export const jitterShare = 0.25
/** What another server asks us to wait is done up to this. */
export const retryAfterMsMax = dayMs
/** RFC 5321 §4.5.3.1.8: what every server has to take. */
export const recipientsPerParcelMax = 100
/** Of a header block, looked at for signing, loops and notifications. */
export const headerBytesMax = 1_048_576
export const signaturesKeptMax = 200
/** Without RET a message up to here comes back whole; with RET=FULL up to the second. */
export const returnedBytes = 65_536
export const returnedBytesMax = 10_485_760
/** Of what another server said, in a notification. */
export const diagnosticCharactersMax = 900
export const purgeBatch = 500
