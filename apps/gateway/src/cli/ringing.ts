// The doorbell of a command that changes mailboxes beside running gateways: their sessions hear of it at once, where Redis is set.

import type { Config } from '@postern/config'
import { RedisLink, redisDoorbell } from '@postern/events'
import type { OpenOptions } from '@postern/mailbox-store'
import { redisOpenMs } from '../limits.js'

export interface Bell {
  readonly ring: NonNullable<OpenOptions['ring']>
  /** The last rings have left. */
  close(): Promise<void>
}

/** Without Redis a command does its work all the same: nobody waits for a ring. */
export async function openBell(server: NonNullable<Config['redisUrl']>): Promise<Bell> {
  const link = new RedisLink({ server, onState: () => undefined })
  await link.opened(redisOpenMs)
  const doorbell = redisDoorbell({ link, onError: () => undefined })
  return {
    ring: (changes) => {
      for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
    },
    async close() {
      await doorbell.close()
      link.close()
    },
  }
}
