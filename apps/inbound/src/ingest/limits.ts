// Limits of receiving over HTTP that aren't settings. Each has its answer.

/** 401: a signature's time may be so far from ours, in both directions. */
export const signedWithinMs = 300_000
/** 401: SNS sends again for an hour what it couldn't bring, under its first time. */
export const snsWithinMs = 3_600_000
/** 429 and 503: posts under way from one network, and in all. */
export const postsPerNetworkMax = 50
export const postsMax = 200
/** 503: what posts that can't be read piece by piece have of memory, together. */
export const heldBytesMax = 209_715_200
/** 413: a Postmark post has the message in it, and its parts beside it. */
export const postmarkBytesMax = 104_857_600
/** 413: SNS takes no more than 256 KB. */
export const snsBytesMax = 1_048_576
/** 400: of a form. */
export const formFieldsMax = 200
export const formFieldBytesMax = 65_536
export const formHeaderBytesMax = 16_384
/** What a form may have beside the message. */
export const formBytesMore = 8_388_608
/** 400: of an id that the caller gives. */
export const idCharactersMax = 200
/** SNS certificates that are kept, and for how long. */
export const certificatesMax = 20
export const certificateKeptMs = 86_400_000
export const certificateBytesMax = 65_536
export const fetchTimeoutMs = 5_000
/** Asked to come again after so many seconds. */
export const retryAfterS = { busy: 5, unavailable: 60, full: 600 } as const
/**
 * Who was answered before all was sent may send so much more, which is thrown away: many programs read no answer before they have sent
 * everything, and would take a connection that is cut off for trouble of the network.
 */
export const unreadBytesMax = 134_217_728
