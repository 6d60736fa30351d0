/**
 * SASL (RFC 4422) as protocols use it: a mechanism is a machine of steps that takes a client's messages and comes to a proof;
 * `converse` runs it. Lines, base 64, `*` and the words of a refusal are the protocol's (RFC 9051 §6.2.2, RFC 4954 §4).
 */
import type { Proof } from '../gate.js'

export type Step =
  | { readonly kind: 'challenge'; readonly message: Uint8Array }
  | { readonly kind: 'proof'; readonly proof: Proof }

/** Takes the client's next message, and throws `SaslMalformed` where it can't be one. */
export type Exchange = (message: Uint8Array) => Step

export interface Mechanism {
  readonly name: string
  /** What the server says first, where the client has said nothing yet (RFC 4422 §5: it may not, and then it's empty). */
  readonly opening: Uint8Array
  begin(): Exchange
  /** RFC 7628 §3.2.2: who is refused is told so in a challenge first, and answers it with a message that means nothing. */
  readonly refusal?: Uint8Array
}

/** What came is no message of the mechanism: the command is wrong, not the secret. */
export class SaslMalformed extends Error {
  override readonly name = 'SaslMalformed'
}

/** Tokens have some thousands of bytes; nothing a client has to say here has more. */
export const saslMessageBytesMax = 16_384

export interface Conversation<Answer> {
  /** Sent along with the command (RFC 4959). */
  readonly initial: Uint8Array | undefined
  /** Sends a challenge and reads the answer; throws the protocol's own error when the client cancels. */
  readonly ask: (challenge: Uint8Array) => Promise<Uint8Array>
  /** Undefined is a refusal. */
  readonly decide: (proof: Proof) => Promise<Answer | undefined>
}

export async function converse<Answer>(
  mechanism: Mechanism,
  { initial, ask, decide }: Conversation<Answer>,
): Promise<Answer | undefined> {
  const next = mechanism.begin()
  let message = initial ?? (await ask(mechanism.opening))
  for (;;) {
    if (message.length > saslMessageBytesMax) throw new SaslMalformed('That is too long for a login')
    const step = next(message)
    if (step.kind === 'challenge') {
      message = await ask(step.message)
      continue
    }
    const answer = await decide(step.proof)
    if (answer === undefined && mechanism.refusal !== undefined) await ask(mechanism.refusal)
    return answer
  }
}

export const asText = (message: Uint8Array): string => new TextDecoder().decode(message)
export const asMessage = (text: string): Uint8Array => new TextEncoder().encode(text)
