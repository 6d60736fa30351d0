/** An issuer of tokens that the operator trusts, as the settings name it (contract B11). */
export interface TokenIssuer {
  /** The `iss` of its tokens, exactly. */
  readonly issuer: string
  /** The `aud` that its tokens for this server have. */
  readonly audience: string
  /** Where its keys are: an https URL, or the path of a file; a JWK set (RFC 7517 §5) either way. */
  readonly jwks: string
  /** The claim that names the address. */
  readonly claim: string
  /** It speaks for addresses in these domains; for all where there are none. */
  readonly domains: readonly string[]
}
