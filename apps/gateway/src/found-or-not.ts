// A record that may be gone: undefined in place of the store's refusal.

import { StoreRefusal } from '@postern/mailbox-store'

export async function foundOrNot<Found>(work: Promise<Found>): Promise<Found | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'not-found') return undefined
    throw error
  }
}
