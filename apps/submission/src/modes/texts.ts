// The texts that a submission stores, and who gets which: one for all nearly always, and one more for Sent where there's a Bcc. They're
// staged as they come in, small ones in memory, large ones in flushed files. Where a domain's mode asks for more, by-mode.ts makes them.

import type { BodyKind, StagedMessage } from '@postern/mailbox-store'
import type { Accepting } from '../accept.js'
import type { ReceivedMessage } from '../message/receive.js'
import { resendKey } from '../resend-key.js'
import type { SentPlace } from '../sent-place.js'

export interface Texts {
  /** Undefined where nobody gets it as it is sent. */
  readonly wire: StagedMessage | undefined
  /** Where Sent gets another one. */
  readonly sentCopy: StagedMessage | undefined
  /** Of an encrypted Sent copy: by it the client's own is known. */
  readonly identity: Uint8Array | undefined
  /** By a recipient's address, for those who get it encrypted. */
  readonly own: ReadonlyMap<string, StagedMessage>
  /** Of the text as it's sent. */
  readonly header: Uint8Array
  readonly body: BodyKind
  readonly sizeBytes: number
  /** What makes the same bytes the same submission. */
  readonly key: Uint8Array
}

export async function textsAsSent(
  message: ReceivedMessage,
  { accepting, place }: { readonly accepting: Accepting; readonly place: SentPlace },
): Promise<Texts> {
  const { store } = accepting.session.context
  const staged = await message.stage((text) => store.stage(text), { sentCopy: place.filed })
  const { wire, sentCopy, body, digest } = staged
  const key = resendKey(digest, accepting)
  const header = wire.raw.subarray(0, wire.bodyStart)
  return { wire, sentCopy, identity: undefined, own: nobody, header, body, sizeBytes: wire.size, key }
}

const nobody: Texts['own'] = new Map()
