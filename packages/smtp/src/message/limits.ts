// How much of a message's lines and header is read. Each has its answer in the file that asks.

/** RFC 5322 §2.1.1, without the CRLF. */
export const lineOctetsMax = 998
/** 552 5.3.4. Real ones stay below 64 KB; a header is held in memory. */
export const headerBytesMax = 256 * 1024
