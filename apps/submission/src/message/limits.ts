// How much of a message's header is read, and when mail is going round in circles. Each has its answer in the file that asks.

/** RFC 5322 §2.1.1, without the CRLF. */
export const lineOctetsMax = 998
/** 552 5.3.4. Real ones stay below 64 KB; a header is held in memory. */
export const headerBytesMax = 256 * 1024
/** 553 5.7.1. Addresses of From, Sender, Resent-From and Resent-Sender together: each is looked up. */
export const fromAddressesMax = 50
/** 554 5.4.6. RFC 5321 §6.3: a large number, so that long ways are not taken for a circle. */
export const receivedFieldsMax = 100
/** 554 5.4.6. Mail that was sent, received and sent again passes here twice or three times. */
export const ownReceivedFieldsMax = 5
