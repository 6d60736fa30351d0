// Every limit of the directory by name. Each has its refusal, and the contract suite meets each.

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.3 (a path of 256 octets holds an address of 254). */
export const localPartBytesMax = 64
export const addressBytesMax = 254
/** RFC 1035 §2.3.4. */
export const domainNameBytesMax = 253

export const nameCharactersMax = 200
export const aliasesPerInboxMax = 100
export const aliasesPerDomainMax = 100
export const settingsBytesMax = 65_536
export const grantsPerCredentialMax = 100
export const networksPerCredentialMax = 100
export const credentialsPerInboxMax = 1_000
/** Secrets of one credential that are remembered, the running one and those that rotation has ended. */
export const secretsPerCredentialMax = 10
export const secretOverlapMsMax = 30 * 86_400_000
export const publicPartCharactersMax = 64
export const hashBytesMax = 128
/** A client's name for itself, its protocol and network, as "last used" keeps them: longer ones are cut. */
export const clientCharactersMax = 200
/** "Last used" is written at most this often for one credential and the same client (contract B5: at most a minute stale). */
export const lastUsedEveryMs = 30_000
export const lastUsedRememberedMax = 10_000
export const auditDetailBytesMax = 16_384
export const auditWordCharactersMax = 200
/** Removed in one transaction. */
export const auditPruneRowsMax = 500
/** Of refused logins, rows per client network and minute, and per minute over all networks: the rest is only counted. */
export const refusedLoginsPerNetworkMax = 20
export const refusedLoginsPerMinuteMax = 600
/** Rows of refused logins that are kept, the newest. */
export const refusedLoginsMax = 100_000
/** A route or a private key as it comes from the sealer. */
export const sealedTextBytesMax = 16_384
/** An armoured OpenPGP key. */
export const publicKeyBytesMax = 32_768
export const dkimKeysPerDomainMax = 20
export const dkimPublicKeyCharactersMax = 2_048
/** RFC 6376 §3.1: a selector is a domain name beside `._domainkey.` and the domain. */
export const selectorCharactersMax = 63
/** Those that hold, of one domain or of one environment's own. */
export const ingestKeysMax = 50
export const rulesPerInboxMax = 100
export const ruleBodyBytesMax = 65_536
export const pageMax = 500
