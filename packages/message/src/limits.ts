// How far the parser goes into a message. Mail comes from anybody: each count, depth and length here is a bound on work and on
// memory, and each is an argument of `parseMessage`. What lies beyond a limit stays in the message and is served as bytes; it's
// only not taken apart.

export interface ParseLimits {
  /** Multiparts and attached messages inside each other. A part deeper than this is shown as a leaf. */
  depthMax: number
  /** Parts in one message. The last one takes what follows it. */
  partsMax: number
  /** Bytes of one header block that are read for fields. */
  headerBytesMax: number
  /** Addresses taken from one header field. */
  addressesMax: number
}

export const defaultLimits: ParseLimits = {
  depthMax: 100,
  partsMax: 10_000,
  headerBytesMax: 1024 * 1024,
  addressesMax: 10_000,
}

/** Parameters of one Content-Type or Content-Disposition field; RFC 2231 sections count each. */
export const parametersMax = 1000
/** Message-IDs kept of one References field: the first (the thread's root) and the last ones (the parents). */
export const referencesMax = 100
/** Language tags kept of one Content-Language field. */
export const languagesMax = 100
