/** A domain that no host can be found for, now or ever: what the recipients are told (RFC 3463). */
import type { Verdict } from '../smtp/undelivered.js'

export class Unroutable extends Error {
  override readonly name = 'Unroutable'
  readonly verdict: Verdict

  constructor(kind: Verdict['kind'], status: string, text: string) {
    super(text)
    this.verdict = { kind, status, text }
  }
}
