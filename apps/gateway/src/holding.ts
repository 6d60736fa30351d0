// How messages are held on their way in, by receiving and by submission: what's small in memory, the rest in files without a name; and of
// what may not touch the disk so much, for all of it together.

import { defaultInboundLimits } from '@postern/inbound'
import { type HoldOptions, MemoryBudget } from '@postern/smtp'

export type Holding = Omit<HoldOptions, 'disk'>

export function holdingIn(folder: string): Holding {
  const { heldBytesMax, memoryBytesMax } = defaultInboundLimits
  return { folder, memoryBytesMax: heldBytesMax, budget: new MemoryBudget(memoryBytesMax) }
}
