// Mail that is kept encrypted: the keys it's encrypted to, whether a message came so already, and the message as PGP/MIME. The package's
// only door.

export { isEncrypted } from './already-encrypted.js'
export { pgpMime } from './pgp-mime.js'
export { type AboutKey, aboutKey, type EncryptionKey, KeyTrouble, keyName, readPublicKey } from './public-key.js'
