// How many bytes of messages FETCH holds at once.

/** One message may have more, if it is small enough to be held at all. */
export const heldBytesMax = 262_144
/** Larger ones are read from their file while they're written. */
export const heldMessageBytesMax = 131_072
