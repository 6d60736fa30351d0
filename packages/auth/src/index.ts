export {
  givenSecretLengthMin,
  hashGivenSecret,
  hashSecret,
  type MintedSecret,
  mintSecret,
  type ParsedSecret,
  parseSecret,
  type SecretKind,
  verifySecret,
} from './secrets.js'
export { loadServerKey, ServerKeyDamaged } from './server-key.js'
