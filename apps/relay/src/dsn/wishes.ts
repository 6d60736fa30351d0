// What a sender wants to be told of a recipient (RFC 3461 §4.1, §5.2): NOTIFY as it was given, or a failure and nothing else where
// nothing was said. A message without a sender is nobody's to be told of.

import type { Claimed } from '@postern/mailbox-store'

/** RFC 3464 §2.3.3, but for `expanded`. */
export type Action = 'failed' | 'delayed' | 'delivered' | 'relayed'

export function wantsToHear(of: Pick<Claimed, 'sender' | 'notify' | 'delayTold'>, action: Action): boolean {
  if (of.sender === '') return false
  const wishes = of.notify?.toUpperCase().split(',')
  switch (action) {
    case 'failed':
      return wishes === undefined || wishes.includes('FAILURE')
    case 'delayed':
      return !of.delayTold && wishes?.includes('DELAY') === true
    case 'delivered':
    case 'relayed':
      return wishes?.includes('SUCCESS') === true
  }
}
