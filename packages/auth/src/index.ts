export { isAllowedFrom, networkOf } from './client-network.js'
export type {
  CredentialFacts,
  DomainFacts,
  FoundSecret,
  InboxFacts,
  Lookups,
  Place,
  Records,
} from './directory-facts.js'
export {
  type Admitted,
  type Answer,
  Gate,
  type GateOptions,
  type Proof,
  type Question,
  type Refused,
  refusalMs,
} from './gate.js'
export { covers, coversDomain } from './grants.js'
export { type End, LiveAdmissions, type LiveAdmissionsOptions } from './live-admissions.js'
export { RefusalNotes, type RefusalNotesOptions } from './refusal-notes.js'
export { type Protocol, type Rights, rightsOf } from './rights.js'
export { type Conversation, converse, type Mechanism, SaslMalformed, saslMessageBytesMax } from './sasl/mechanism.js'
export { mechanisms } from './sasl/mechanisms.js'
export { CannotOpen, type Sealer, sealer } from './sealed.js'
export {
  givenSecretLengthMin,
  hashGivenSecret,
  hashSecret,
  type MintedSecret,
  mintSecret,
  type ParsedSecret,
  parseSecret,
  type SecretHasher,
  type SecretKind,
  secretHasher,
  verifySecret,
} from './secrets.js'
export { loadServerKey, ServerKeyDamaged } from './server-key.js'
export { delayMsMax, freeWrongSecrets, Throttle, type ThrottleOptions } from './throttle.js'
export type { TokenIssuer } from './tokens/token-issuer.js'
export { type TokenVerifierOptions, tokenVerifier } from './tokens/token-verifier.js'
export { parseUserName, shownUserName, type UserName } from './user-name.js'
export type { Cause, TokenCause, TokenVerdict } from './verdict.js'
