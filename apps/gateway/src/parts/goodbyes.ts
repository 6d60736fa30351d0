// How doors say goodbye when the process drains: first, where that's set, a while in which they turn clients away with a word, for a
// balancer to notice; then a goodbye to each client, spread over the most of what is left, so that they don't all come back at once.

import type { Config } from '@postern/config'
import type { DrainTime } from '@postern/service'
import { goodbyesShare } from '../limits.js'

export const goodbyes = (
  { drainNoticeMs: noticeMs }: Pick<Config, 'drainNoticeMs'>,
  { drainMs }: DrainTime,
): { readonly noticeMs: number; readonly overMs: number } => ({
  noticeMs,
  overMs: Math.max(0, drainMs - noticeMs) * goodbyesShare,
})
