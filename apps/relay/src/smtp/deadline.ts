/** A time limit beside a caller's signal: one signal for the work, and no timer left when it ends. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}

export async function within<T>(
  limit: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const both = new AbortController()
  const onAbort = () => both.abort(limit.signal.reason)
  if (limit.signal.aborted) onAbort()
  limit.signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => both.abort(new TimedOut(`${limit.what} took longer than ${limit.timeoutMs} ms`)),
    limit.timeoutMs,
  )
  try {
    return await work(both.signal)
  } finally {
    clearTimeout(timer)
    limit.signal.removeEventListener('abort', onAbort)
  }
}

export const reasonOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))
