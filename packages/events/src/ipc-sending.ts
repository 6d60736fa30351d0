/**
 * Submissions under way in any worker of one parent. Most are over before a client could file its own copy: only one that takes
 * longer than a moment is told to the parent (ipc-hub.ts), where the other workers ask. The parent forgets what a worker that died
 * had told. Without a parent each worker knows its own alone.
 */
import { ipcKinds, type SentMessage, type SettledQuestion } from './ipc-kinds.js'
import type { IpcLink } from './ipc-link.js'
import { localSending } from './local-sending.js'
import type { Sending } from './sending.js'

export interface IpcSendingOptions {
  readonly link: IpcLink
  /** Messages of this worker that are being sent at once. */
  readonly messagesMax: number
}

/** What is over sooner isn't told: a copy that is filed in between is met by the submission's own. */
const momentMs = 200
/** The parent's answer may come so much later than its own wait ends. */
const answerMs = 1_000

export function ipcSending({ link, messagesMax }: IpcSendingOptions): Sending {
  const local = localSending({ messagesMax })
  const closing = new AbortController()
  let open = 0

  /** Returns what to do at its end. */
  const told = (message: SentMessage): (() => void) => {
    let isTold = false
    const timer = setTimeout(() => {
      isTold = true
      link.post(ipcKinds.sendingBegins, message)
    }, momentMs)
    timer.unref()
    return () => {
      clearTimeout(timer)
      if (isTold) link.post(ipcKinds.sendingEnds, message)
    }
  }

  return {
    begin(account, messageIdHash) {
      const end = local.begin(account, messageIdHash)
      if (closing.signal.aborted || open >= messagesMax) return end
      open++
      const over = told({ account, messageIdHash })
      let isEnded = false
      return () => {
        end()
        if (isEnded) return
        isEnded = true
        open--
        over()
      }
    },
    async settled(account, messageIdHash, { timeoutMs, signal }) {
      const untilMs = performance.now() + timeoutMs
      const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      await local.settled(account, messageIdHash, { timeoutMs, signal: either })
      const leftMs = untilMs - performance.now()
      if (either.aborted || leftMs <= 0) return
      const question: SettledQuestion = { account, messageIdHash, timeoutMs: leftMs }
      const asked = link.ask(ipcKinds.sendingSettled, question, { timeoutMs: leftMs + answerMs }).catch(() => undefined)
      await Promise.race([asked, aborted(either)])
    },
    async close() {
      closing.abort()
      await local.close()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
