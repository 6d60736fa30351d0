/**
 * LOGIN, which no RFC has and many clients speak: the server asks for the user name and then for the password. A client may
 * send the user name along with the command.
 */
import { asMessage, asText, type Mechanism, SaslMalformed } from './mechanism.js'

export const login: Mechanism = {
  name: 'LOGIN',
  opening: asMessage('Username:'),
  begin() {
    let user: string | undefined
    return (message) => {
      const text = asText(message)
      if (text.includes('\0')) throw new SaslMalformed('That is no LOGIN message')
      if (user !== undefined) return { kind: 'proof', proof: { user, secret: text } }
      user = text
      return { kind: 'challenge', message: asMessage('Password:') }
    }
  },
}
