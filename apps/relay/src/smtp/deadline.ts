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

/** For work that can't be stopped itself: its outcome comes too late then, and nobody hears of it. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort!: () => void
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
