/**
 * The mechanisms there are (contract B11), in the order in which they are offered. Those for tokens are only there where
 * issuers are configured; CRAM-MD5 and whatever else needs a secret in clear on this side never is.
 */
import { oauthBearer, xoauth2 } from './bearer.js'
import { login } from './login.js'
import type { Mechanism } from './mechanism.js'
import { plain } from './plain.js'

export function mechanisms({ tokens }: { readonly tokens: boolean }): readonly Mechanism[] {
  return tokens ? [plain, login, oauthBearer, xoauth2] : [plain, login]
}
