// The package's only door.

export { type Address, parseAddress, tryParseAddress } from './directory/address.js'
export * from './directory/directory.js'
export { publicId, queueIdAt } from './directory/public-id.js'
export * from './directory/records.js'
export {
  type HeldSendingRules,
  type SendingDefaults,
  type SendingLimits,
  type SendingSources,
  sendingRuleRanges,
  sendingRules,
} from './directory/sending-rules.js'
export { domainAccount } from './handles/domain-account.js'
export { limitedAccount } from './handles/limited-account.js'
export { type AccountRights, allRights, domainRights, markingRights } from './handles/rights.js'
export * from './imports/imports.js'
export { defaultLimits, type StoreLimits } from './limits.js'
export { delimiter, validName } from './mailboxes/names.js'
export type { Entries, Entry } from './messages/entries.js'
export type { ByteTarget } from './messages/listing-column.js'
export type { Listings, ListingWants } from './messages/listings.js'
export type { MailboxIndex } from './messages/mailbox-index.js'
export { type IdentifiedText, messageIdentity } from './messages/message-identity.js'
export { emailIdOf } from './messages/prepare.js'
export { messageIdHashIn, messageIdHashOf } from './messages/same-message.js'
export { formatUidSet, parseUidSet, UidCursor, uidSet, uidSetOf, uidSetSize, uidsIn } from './messages/uid-set.js'
export { untoldUids } from './messages/untold-uids.js'
export * from './model.js'
export * from './outbox/outbox.js'
export { type RefusalCode, StoreRefusal } from './refusals.js'
export { fold } from './search/fold.js'
export * from './search/query.js'
export { blobsName, databaseName, fileDigest } from './sqlite/backup.js'
export type { Fault, FaultPoint } from './sqlite/connection.js'
export { pruneFiles } from './sqlite/copy-files.js'
export { type OpenOptions, openStore, searchName } from './sqlite/engine.js'
export { type RestoreOptions, type RestoreReport, stageRestore, verifyFolder } from './sqlite/restore.js'
export type { MailboxAnew } from './sqlite/restore-spaces.js'
export { schemaVersion } from './sqlite/schema.js'
export { type LockedStore, lockFile, lockStore } from './sqlite/store-lock.js'
export * from './store.js'
