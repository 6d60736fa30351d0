// What the store can say no to: one closed list, so that a protocol maps it in one exhaustive table and the compiler
// checks the table. Anything else that is thrown is a bug or a broken machine, never an answer to a client.

export type RefusalCode =
  | 'no-such-mailbox'
  | 'mailbox-exists'
  | 'special-use-taken'
  | 'mailbox-name-invalid'
  | 'mailbox-protected'
  | 'merged-inbox'
  | 'not-permitted'
  | 'mailbox-limit'
  | 'uids-exhausted'
  | 'no-such-message'
  | 'message-too-big'
  | 'keyword-limit'
  | 'over-quota'
  | 'sending-limit'
  | 'not-found'
  | 'exists'
  | 'invalid'
  | 'lease-lost'
  | 'busy'
  | 'disk-full'
  | 'read-only'
  | 'io-error'
  | 'corrupt'
  | 'schema-newer'
  | 'schema-older'
  | 'closed'

export class StoreRefusal extends Error {
  override readonly name = 'StoreRefusal'
  readonly code: RefusalCode
  /** What the person who runs the server, or the caller, can do about it. */
  readonly fix: string | undefined
  /** Of a `sending-limit`, in Unix milliseconds; undefined where it never will. */
  readonly opensAt: number | undefined
  constructor(code: RefusalCode, message: string, options: { fix?: string; cause?: unknown; opensAt?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fix = options.fix
    this.opensAt = options.opensAt
  }
}

export function refuse(code: RefusalCode, message: string, fix?: string): never {
  throw new StoreRefusal(code, message, fix === undefined ? {} : { fix })
}
