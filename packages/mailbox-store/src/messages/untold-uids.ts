// What is recent to who looks and takes nothing: a client that examines, a login that may only read. RFC 3501 §2.3.2, §6.3.2.

import type { MailboxStatus, UidSet } from '../model.js'

export const untoldUids = ({ recentAfter }: Pick<MailboxStatus, 'recentAfter'>, upTo: number): UidSet =>
  upTo > recentAfter ? [[recentAfter + 1, upTo]] : []
