// A check of the queue: whether what is due is being sent, and whether something has been waiting for long.

import type { Outbox } from '@postern/mailbox-store'
import { spanWords } from '../cli/quantities.js'
import { doctor as limits } from '../limits.js'
import type { RunningGateway } from '../running.js'
import { broken, type Finding, ok, warning } from './finding.js'

const check = 'queue'

export async function checkQueue(
  outbox: Outbox,
  { gateways, now }: { gateways: readonly RunningGateway[]; now: number },
): Promise<Finding> {
  const { waiting, leased, held, oldestDueAt = now, openSince = now } = await outbox.stats()
  if (held > 0)
    return warning(
      check,
      `A restore holds ${held === 1 ? '1 recipient' : `${held} recipients`}: nobody knows whether they have the mail.`,
      'See `postern queue list --state held`; `queue retry` sends, `queue cancel` gives up.',
    )
  if (waiting + leased === 0) return ok(check, 'Nothing waits to be sent.')
  const count = waiting + leased
  const says = `${count} ${count === 1 ? 'recipient waits' : 'recipients wait'}, the oldest for ${spanWords(now - openSince)}.`
  if (!gateways.some(({ roles }) => roles.includes('relay')))
    return broken(
      check,
      `${says} No gateway with the role relay runs.`,
      'Start one: POSTERN_ROLES has to have relay in it.',
    )
  const dueMs = now - oldestDueAt
  if (dueMs > limits.dueMsMax)
    return broken(
      check,
      `${says} One has been due for ${spanWords(dueMs)}, and is not sent.`,
      "Look at the gateway's log; `postern queue explain <id>` says which way it takes.",
    )
  if (now - openSince > limits.waitingMsMax)
    return warning(check, says, 'See the last answers in `postern queue list`.')
  return ok(check, says)
}
