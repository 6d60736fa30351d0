// Where nobody judges and no inbox has rules: everything is taken, into INBOX.

import type { Judge, Planner } from './arrival.js'

export const acceptAll: Judge = {
  judge: async () => ({ action: 'accept', authenticationResults: undefined }),
  laneOf: () => '',
}

/** What was judged as spam goes into the folder for it. */
export const plainPlan: Planner = {
  plan: async (_, { verdict }) => ({ places: [verdict.action === 'spam' ? { mailbox: '\\Junk' } : {}] }),
}
