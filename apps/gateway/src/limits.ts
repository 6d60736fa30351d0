// The gateway's own limits and clocks, those that aren't settings.

/** For all parts to stop, behind the drain: with its default, all is over within the ten seconds that docker and others give. */
export const stopTimeoutMs = 2_500
/** Of the time to drain, clients are told goodbye in so much; in the rest they finish what they're doing. */
export const goodbyesShare = 0.6
/** A process that hasn't answered a command by then is told of as silent. */
export const questionTimeoutMs = 2_000
export const readinessTimeoutMs = 2_000
/** How often certificate files are looked at. */
export const certificateWatchMs = 10_000

/** How often the directory's version is looked at: contract B4 gives a revoked session two seconds. */
export const directoryWatchMs = 500
/** The use of a credential by one client is noted at most so often (contract B5: at most a minute stale). */
export const lastUsedNoteMs = 20_000
/** So many of those notes are remembered; one that's forgotten is made again. */
export const lastUsesMax = 10_000
/** What is counted within this process, in bounded memory: wrong secrets, and the sessions of inboxes. Redis keeps as many members. */
export const localCounterLimits = { keysMax: 100_000, membersMax: 100 } as const
/** Submissions under way that a client's own copy may wait for. */
export const localSendingLimits = { messagesMax: 10_000 } as const
/** A start gives Redis so long before it goes on without. */
export const redisOpenMs = 2_000

export const http = {
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 15_000,
  keepAliveTimeoutMs: 30_000,
  headersMax: 100,
  /** A post of mail names a hundred recipients in one field. */
  headerBytesMax: 32_768,
  connectionsMax: 1_000,
} as const

/** Between two rounds of cleaning; a round ends when nothing is left to clean. */
export const sweepEveryMs = 60_000
/** Between two looks at every message file's name. */
export const sweepOrphansEveryMs = 3_600_000
/** Between two slices of one round, so that cleaning never takes the store for itself. */
export const sweepPauseMs = 20

/** One question to a name server, and how often it's asked. */
export const dns = { timeoutMs: 2_000, tries: 2 } as const

/** How long name servers may take for one message, and rspamd, whose own limit is shorter. */
export const judging = { namesTimeoutMs: 20_000, rspamdTimeoutMs: 12_000 } as const

/** What submission and relay know of the directory: how old at most, and how much of it. */
export const sending = { staleMsMax: 200, keptMax: 10_000 } as const

/** What `postern doctor` waits for, and where it begins to worry. */
export const doctor = {
  reachTimeoutMs: 3_000,
  loginTimeoutMs: 10_000,
  /** Its password ends by itself after this, should the doctor be killed. */
  passwordMs: 120_000,
  domainsMax: 50,
  certificateDaysLow: 14,
  clockBehindMsMax: 60_000,
  freeBytesMin: 104_857_600,
  freeBytesLow: 5_368_709_120,
  freePercentLow: 10,
  /** Normally it starts over after some MB. */
  walBytesMax: 1_073_741_824,
  /** Something that has been due for so long isn't being sent. */
  dueMsMax: 600_000,
  /** Mail that waits for so long has trouble. */
  waitingMsMax: 14_400_000,
  routesMax: 20,
  routeTimeoutMs: 10_000,
} as const

/** Of processes that start on one empty folder, one does the first start while the others wait for it. */
export const firstStartClaim = { touchMs: 1_000, lostMs: 5_000, lookMs: 100, waitMs: 30_000 } as const

/** A worker waits so long for its parent's first word. */
export const welcomeTimeoutMs = 10_000
/** For a place among the connections of all workers; then a worker goes by its own count. */
export const placeTimeoutMs = 1_000
/** Of one worker; of one that hangs what it told before is told again. */
export const metricsTimeoutMs = 1_000
/** For a worker's last words to its parent. */
export const farewellMs = 500

/** The parent of workers. */
export const workers = {
  restarts: { youngMs: 10_000, delayMs: 100, delayMsMax: 10_000, youngDeathsMax: 6 },
  /** For a new worker to get up before the one before it goes. */
  readyMs: 60_000,
  /** For a worker to stop, behind its drain. */
  stopMs: 10_000,
} as const
