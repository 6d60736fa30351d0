// The app's only door.

export { createTransport } from './create-transport.js'
export { KeptPolicies } from './direct/mta-sts.js'
export type { DkimKey } from './dkim/signature.js'
export { type TransportLimits, transportLimits } from './limits.js'
export { type Relay, type RelayOptions, type RelayStats, startRelay } from './relay.js'
export { defaultRelayLimits, type RelayLimits } from './relay-limits.js'
export { CannotSeal, type ClearText, type SealFor } from './sealing.js'
export { type SmartHostDeps, trySmartHost } from './smart-host/open-smart-host.js'
export { type FailedStep, SessionFailure } from './smtp/session-failure.js'
export type { OutgoingMessage, Parcel, ParcelRecipient, Sent, Transport } from './transport.js'
export type { TransportDeps } from './transport-deps.js'
export type { LocalAddress, WayOut } from './ways.js'
