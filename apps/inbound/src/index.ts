// The app's only door.

export type * from './arrival.js'
export type { InboundContext, RecipientFacts } from './context.js'
export { type Delivering, deliver, laneOf } from './deliver.js'
export { inboxOf } from './made-inbox.js'
export { type RetainedOptions, retained } from './modes/retained.js'
export { acceptAll, plainPlan } from './neutral.js'
export { replyTo } from './reply-to.js'
export { type HoldOptions, MemoryBudget } from './text/held-text.js'
