// Every limit of the store by name. They are defaults: `openStore` takes others, and each has its refusal and its test.

export interface StoreLimits {
  readonly mailboxesPerAccountMax: number
  readonly mailboxNameBytesMax: number
  readonly mailboxDepthMax: number
  readonly messageBytesMax: number
  readonly keywordsPerMessageMax: number
  readonly keywordBytesMax: number
  /** Distinct combinations of keywords that one account may create; each is a row that stays. */
  readonly keywordSetsPerAccountMax: number
  /** What those combinations take together: a writer that meets the account holds them in memory. */
  readonly keywordSetBytesPerAccountMax: number
  /** Expunges remembered per mailbox; older ones are answered from what is missing. */
  readonly tombstonesPerMailboxMax: number
  /** A message up to this size lives in the database, a larger one in a file. */
  readonly inlineBytesMax: number
  /** A message over this size is parsed in the worker, so that the protocol thread stays free. */
  readonly parseInlineBytesMax: number
  readonly groupOperationsMax: number
  readonly groupWorkMs: number
  readonly busyWaitMs: number
}

export const defaultLimits: StoreLimits = {
  mailboxesPerAccountMax: 10_000,
  mailboxNameBytesMax: 1_000,
  mailboxDepthMax: 50,
  messageBytesMax: 104_857_600,
  keywordsPerMessageMax: 100,
  keywordBytesMax: 255,
  keywordSetsPerAccountMax: 50_000,
  keywordSetBytesPerAccountMax: 4_194_304,
  tombstonesPerMailboxMax: 2_000,
  inlineBytesMax: 131_072,
  parseInlineBytesMax: 262_144,
  groupOperationsMax: 256,
  groupWorkMs: 4,
  busyWaitMs: 10_000,
}
