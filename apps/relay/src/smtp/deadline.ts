/** A time limit beside a caller's signal: one signal for the work, and no timer left when it ends. */
import { setMaxListeners } from 'node:events'

export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}

export async function within<T>(
  limit: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const both = new AbortController()
  const forget = onAbort(limit.signal, (reason) => both.abort(reason))
  const late = () => both.abort(new TimedOut(`${limit.what} took longer than ${limit.timeoutMs} ms`))
  const timer = setTimeout(late, limit.timeoutMs)
  try {
    return await work(both.signal)
  } finally {
    clearTimeout(timer)
    forget()
  }
}

/** For work that can't be stopped itself: its outcome comes too late then, and nobody hears of it. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let forget = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, reject)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    forget()
  }
}

/** At once, where it has happened already. One signal may stand over any number of sends, and Node shall not warn of them. */
export function onAbort(signal: AbortSignal, act: (reason: unknown) => void): () => void {
  const listener = () => act(signal.reason)
  if (signal.aborted) listener()
  setMaxListeners(0, signal)
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

export const reasonOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))
