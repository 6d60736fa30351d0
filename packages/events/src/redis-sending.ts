/**
 * Submissions under way in any of several processes: a key in Redis that the end removes, and that expires by itself when its
 * process died. Most submissions are over before a client could file its own copy: only one that takes longer than a moment is
 * told to the others, so that an ordinary one costs Redis nothing. Who waits looks some times a second. While Redis is away each
 * process knows its own alone.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendingKeys } from './keys.js'
import { localSending } from './local-sending.js'
import type { RedisLink } from './redis-link.js'
import { removeOwn } from './redis-scripts.js'
import type { Sending } from './sending.js'

export interface RedisSendingOptions {
  readonly link: RedisLink
  /** Messages of this process that are being sent at once. */
  readonly messagesMax: number
}

interface Open {
  submissions: number
  isTold: boolean
  readonly timer: NodeJS.Timeout
}

/** What is over sooner isn't told: a copy that is filed in between is met by the submission's own. */
const momentMs = 200
/** A key outlives its process by so much, and is renewed well before. */
const keyLifeMs = 15_000
const renewEveryMs = 5_000
const lookEveryMs = 100

export function redisSending({ link, messagesMax }: RedisSendingOptions): Sending {
  const origin = randomUUID()
  const local = localSending({ messagesMax })
  const open = new Map<string, Open>()
  const closing = new AbortController()

  /** Redis that doesn't answer, or says no, leaves the others uninformed: that costs them a look, and never mail. */
  const attempt = async <Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (!link.isUp) return undefined
    return ask().catch((error: unknown) => void link.failed(error))
  }
  const tell = (key: string) => attempt(() => link.clients.commands.set(key, origin, 'PX', keyLifeMs))
  const renewal = setInterval(() => {
    for (const [key, { isTold }] of open) if (isTold) void tell(key)
  }, renewEveryMs)
  renewal.unref()

  const noted = (key: string): Open => {
    const entry: Open = { submissions: 0, isTold: false, timer: setTimeout(() => tellOf(key, entry), momentMs) }
    entry.timer.unref()
    open.set(key, entry)
    return entry
  }
  const tellOf = (key: string, entry: Open): void => {
    entry.isTold = true
    void tell(key)
  }
  const over = (key: string, { timer, isTold }: Open): void => {
    open.delete(key)
    clearTimeout(timer)
    if (isTold) void attempt(() => removeOwn.run(link.clients.commands, key, [origin]))
  }

  /** Whether another process has it open. */
  const isElsewhere = async (key: string): Promise<boolean> => {
    const owner = await attempt(() => link.clients.commands.get(key))
    return typeof owner === 'string' && owner !== origin
  }

  return {
    begin(account, messageIdHash) {
      const end = local.begin(account, messageIdHash)
      const key = sendingKeys.message(account, messageIdHash)
      const known = open.get(key)
      if (closing.signal.aborted || (known === undefined && open.size >= messagesMax)) return end
      const entry = known ?? noted(key)
      entry.submissions++
      let isEnded = false
      return () => {
        end()
        if (isEnded) return
        isEnded = true
        if (--entry.submissions === 0 && open.get(key) === entry) over(key, entry)
      }
    },
    async settled(account, messageIdHash, { timeoutMs, signal }) {
      const untilMs = performance.now() + timeoutMs
      const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
      await local.settled(account, messageIdHash, { timeoutMs, signal: either })
      const key = sendingKeys.message(account, messageIdHash)
      while (!either.aborted && performance.now() < untilMs && (await isElsewhere(key))) {
        const waitMs = Math.min(lookEveryMs, untilMs - performance.now())
        await sleep(waitMs, undefined, { signal: either }).catch(() => undefined)
      }
    },
    async close() {
      closing.abort()
      clearInterval(renewal)
      for (const [key, entry] of [...open]) over(key, entry)
      await local.close()
    },
  }
}
