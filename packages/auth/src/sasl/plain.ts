/**
 * PLAIN (RFC 4616 §2): everything in one message.
 *
 *   message = [authzid] UTF8NUL authcid UTF8NUL passwd
 */
import { asText, type Mechanism, SaslMalformed } from './mechanism.js'

export const plain: Mechanism = {
  name: 'PLAIN',
  opening: new Uint8Array(0),
  begin: () => (message) => {
    const [authorize, user, secret, ...rest] = asText(message).split('\0')
    if (secret === undefined || rest.length > 0) throw new SaslMalformed('That is no PLAIN message')
    return { kind: 'proof', proof: { user, secret, ...(authorize === '' ? {} : { authorize }) } }
  },
}
