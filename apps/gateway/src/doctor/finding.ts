// What a check of `postern doctor` comes back with: how it is, and where it isn't well, what to do.

import type { RecordReport } from '../dns/records.js'

export interface Finding {
  readonly check: string
  /** `skipped`: there was nothing to look at. Only `broken` makes the doctor's exit code 1. */
  readonly state: 'ok' | 'warning' | 'broken' | 'skipped'
  readonly says: string
  readonly fix?: string | undefined
  readonly records?: readonly RecordReport[]
}

export const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says })
export const warning = (check: string, says: string, fix: string): Finding => ({ check, state: 'warning', says, fix })
export const broken = (check: string, says: string, fix: string): Finding => ({ check, state: 'broken', says, fix })
export const skipped = (check: string, says: string, fix?: string): Finding => ({ check, state: 'skipped', says, fix })
