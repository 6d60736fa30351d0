// Long work for a client, which ends when the client has gone. Of a connection that was closed at the other end nothing is known until
// something is sent there: so now and then the client is told that its command is still being worked on, which also keeps networks
// from forgetting the connection. RFC 9051 §7.1.1: an untagged OK may be sent at any time.

import { ClientGone } from './input.js'
import type { Session } from './session.js'

/** Most work is done before the first look. */
const lookEveryMs = 250

export async function whileHere<Result>(
  { connection, context, out }: Session,
  { says, work }: { readonly says: string; readonly work: (signal: AbortSignal) => Promise<Result> },
): Promise<Result> {
  const { progressMs } = context.limits
  const gone = new AbortController()
  let toldAtMs = performance.now()
  const look = (): void => {
    if (connection.isGone) gone.abort(new ClientGone())
    if (gone.signal.aborted || performance.now() - toldAtMs < progressMs) return
    toldAtMs = performance.now()
    out.status('*', { kind: 'OK', text: says })
    out.flushSoon()
  }
  const clock = setInterval(look, Math.min(lookEveryMs, progressMs))
  try {
    return await work(gone.signal)
  } finally {
    clearInterval(clock)
  }
}
