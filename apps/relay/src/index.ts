// The app's only door.

export type { OutgoingMessage, Parcel, ParcelRecipient, Sent, Transport } from './transport.js'
