// Limits of moving mail in and out, those that aren't settings.

/** Messages that are put into a mailbox in one commit. */
export const batch = { messagesMax: 250, bytesMax: 4_194_304 } as const
/** Messages in files of their own that are read and flushed at once. */
export const stagedAtOnceMax = 6

export const mbox = {
  /** What is read of a file at once. */
  pieceBytes: 262_144,
  /** A longer line that begins with `From ` separates nothing; two of them are looked at. */
  lineBytesMax: 4_096,
  /** A header that is longer is taken for text: it's kept as it is, and its bookkeeping isn't looked for. */
  headerBytesMax: 1_048_576,
} as const

/** A message up to this size is held in memory on its way in; a larger one is streamed. */
export const heldBytesMax = 131_072

/** Failures and notes that a report lists one by one; the rest is counted. */
export const listedMax = 100

/** Of a side file's lines, and of the index of an export. */
export const noteBytesMax = 65_536
export const indexBytesMax = 67_108_864

/** Folders below folders that are looked into. */
export const foldersDeepMax = 60

/** Of one part of a path in an export: below every file system's 255, with room for what is added. */
export const fileNameBytesMax = 120
export const maildirNameBytesMax = 200

export const imap = {
  connectTimeoutMs: 30_000,
  /** A server that says nothing for so long is gone. */
  silenceMs: 120_000,
  /** Messages that are looked at together: their flags, sizes and dates. */
  windowMessages: 2_000,
  /** Messages that are fetched together. */
  fetchMessagesMax: 100,
  fetchBytesMax: 8_388_608,
  /** A larger message is fetched in pieces. */
  wholeBytesMax: 1_048_576,
  pieceBytes: 524_288,
  /** Before another try: doubled each time, up to the longest. */
  retryMsMin: 1_000,
  retryMsMax: 60_000,
  /** Tries in a row that brought nothing, before it's given up. */
  triesMax: 8,
} as const
