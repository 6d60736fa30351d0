// What a client shall read: a command file or a rule of the grammar throws it, the session answers it once, as the tagged NO or
// BAD of the command or as BYE before the connection closes. RFC 9051 §7.1.
import type { ResponseCode } from './response-code.js'

export class ImapError extends Error {
  readonly kind: 'NO' | 'BAD' | 'BYE'
  readonly code: ResponseCode | undefined

  constructor(kind: 'NO' | 'BAD' | 'BYE', text: string, { code }: { code?: ResponseCode } = {}) {
    super(text)
    this.name = 'ImapError'
    this.kind = kind
    this.code = code
  }

  get text(): string {
    return this.message
  }
}
