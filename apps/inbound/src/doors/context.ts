// What a session with another mail server is handed when it begins: what everything that receives has, and what its door is like.

import type { Certificates } from '@postern/service'
import type { InboundContext } from '../context.js'
import type { Guard } from '../guard/guard.js'
import type { InboundLimits } from './limits.js'

export interface DoorContext {
  readonly inbound: InboundContext
  readonly limits: InboundLimits
  readonly guard: Guard
  /** Of STARTTLS; undefined where it's not offered. */
  readonly certificates: Certificates | undefined
}
