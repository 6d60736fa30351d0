// How many addresses of a message are looked up, and when mail is going round in circles. Each has its answer in the file that asks.

/** 553 5.7.1. Addresses of From, Sender, Resent-From and Resent-Sender together: each is looked up. */
export const fromAddressesMax = 50
/** Fields of From, Sender, Resent-From and Resent-Sender that are read. No mail has more than a few. */
export const fromFieldsMax = 50
/** 554 5.4.6. RFC 5321 §6.3: a large number, so that long ways are not taken for a circle. */
export const receivedFieldsMax = 100
/** 554 5.4.6. Mail that was sent, received and sent again passes here twice or three times. */
export const ownReceivedFieldsMax = 5
