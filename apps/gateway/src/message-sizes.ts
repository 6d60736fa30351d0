// How large a message may be where it comes in. No door takes what a mailbox wouldn't: its size is told at the first command, not
// refused behind the last byte. The store takes a little more than either, since doors put some fields on top.

import type { Config } from '@postern/config'

const addedBytesMax = 65_536

export const storedBytesMax = ({ messageBytesMax }: Config): number => messageBytesMax + addedBytesMax

export const sentBytesMax = ({ submissionBytesMax, messageBytesMax }: Config): number =>
  Math.min(submissionBytesMax, messageBytesMax)

export const receivedBytesMax = ({ mxBytesMax, messageBytesMax }: Config): number =>
  Math.min(mxBytesMax, messageBytesMax)
