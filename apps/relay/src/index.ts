// The app's only door.

export { createTransport } from './create-transport.js'
export { type TransportLimits, transportLimits } from './limits.js'
export type { OutgoingMessage, Parcel, ParcelRecipient, Sent, Transport } from './transport.js'
export type { TransportDeps } from './transport-deps.js'
