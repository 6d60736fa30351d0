/**
 * Submissions under way within one process, in bounded memory: over `messagesMax` further ones aren't noted, and nobody waits
 * for them.
 */
import type { EndOfSending, Sending } from './sending.js'

export interface LocalSendingOptions {
  /** Messages that are being sent at once. */
  readonly messagesMax: number
}

interface Open {
  submissions: number
  readonly waiting: Set<() => void>
}

export function localSending({ messagesMax }: LocalSendingOptions): Sending {
  const open = new Map<string, Open>()

  const over = (key: string, { waiting }: Open): void => {
    open.delete(key)
    for (const goOn of waiting) goOn()
  }

  return {
    begin(account, messageIdHash): EndOfSending {
      const key = `${account}:${messageIdHash}`
      const known = open.get(key)
      if (known === undefined && open.size >= messagesMax) return () => {}
      const entry = known ?? { submissions: 0, waiting: new Set() }
      open.set(key, entry)
      entry.submissions++
      let ended = false
      return () => {
        if (ended) return
        ended = true
        if (--entry.submissions === 0 && open.get(key) === entry) over(key, entry)
      }
    },
    async settled(account, messageIdHash, { timeoutMs, signal }) {
      const entry = open.get(`${account}:${messageIdHash}`)
      if (entry === undefined || signal?.aborted) return
      await new Promise<void>((resolve) => {
        const goOn = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', goOn)
          entry.waiting.delete(goOn)
          resolve()
        }
        const timer = setTimeout(goOn, timeoutMs)
        signal?.addEventListener('abort', goOn)
        entry.waiting.add(goOn)
      })
    },
    async close() {
      for (const [key, entry] of [...open]) over(key, entry)
    },
  }
}
