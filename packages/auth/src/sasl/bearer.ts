/**
 * Tokens: OAUTHBEARER (RFC 7628 §3.1) and its elder XOAUTH2, which differ in how the user name is written and in what a
 * refused client is told. Keys besides `auth` (host, port) are passed over.
 *
 *   client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
 *   kvpair      = key "=" value kvsep
 */
import { asMessage, asText, type Mechanism, SaslMalformed, type Step } from './mechanism.js'

const separator = '\x01'

export const oauthBearer: Mechanism = {
  name: 'OAUTHBEARER',
  opening: new Uint8Array(0),
  refusal: asMessage('{"status":"invalid_token"}'),
  begin: () => (message) => {
    const [header = '', ...pairs] = asText(message).split(separator)
    return proof(authorizationIn(header), tokenIn(pairs))
  },
}

export const xoauth2: Mechanism = {
  name: 'XOAUTH2',
  opening: new Uint8Array(0),
  refusal: asMessage('{"status":"401","schemes":"bearer"}'),
  begin: () => (message) => {
    const [first = '', ...pairs] = asText(message).split(separator)
    if (!first.startsWith('user=')) throw new SaslMalformed('That is no XOAUTH2 message')
    return proof(first.slice('user='.length), tokenIn(pairs))
  },
}

const proof = (user: string, token: string): Step => ({
  kind: 'proof',
  proof: { user: user === '' ? undefined : user, token },
})

/**
 *   gs2-header  = gs2-cb-flag "," [gs2-authzid] ","
 *   gs2-cb-flag = "p=" cb-name / "n" / "y"
 *
 * RFC 5801 §4. Nothing is bound to a channel here, so `p=` asks for what isn't offered.
 */
function authorizationIn(header: string): string {
  const [, name] = /^[ny],(?:a=([^,]+))?,$/.exec(header) ?? []
  if (name === undefined && !/^[ny],,$/.test(header)) throw new SaslMalformed('That is no OAUTHBEARER message')
  if (name === undefined) return ''
  if (/=(?!2C|3D)/.test(name)) throw new SaslMalformed('That is no user name of RFC 5801')
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

/** RFC 6750 §2.1: b64token. */
const bearer = /^auth=bearer +([A-Za-z0-9\-._~+/]+=*)$/i

function tokenIn(pairs: readonly string[]): string {
  const isEnded = pairs.at(-1) === '' && pairs.at(-2) === ''
  const said = pairs.filter((pair) => /^auth=/i.test(pair))
  const [, token] = bearer.exec(said[0] ?? '') ?? []
  if (!isEnded || said.length !== 1 || token === undefined) throw new SaslMalformed('There is no bearer token in that')
  return token
}
