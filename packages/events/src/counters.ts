/**
 * Counters over a sliding window, counters of distinct members, and places of which there are only so many, for throttles and
 * limits that several processes share.
 * They forget: an engine may lose them, and then a limit is milder for one window. Time is given by the caller. Redis
 * implements the same interface.
 */

export interface Window {
  readonly windowMs: number
  readonly nowMs: number
}

export interface Counters {
  /**
   * Adds `by` (1 unless given; 0 only reads, and leaves nothing behind) and returns the sum over the last `windowMs`, exact to a tenth of the window:
   * what was added is counted for at least the whole window.
   */
  add(key: string, options: Window & { readonly by?: number }): Promise<number>
  /**
   * Notes that the member was seen and returns how many distinct ones were seen within the last `windowMs`. A member counts
   * from when it was last seen. Give a hash where the member is a secret.
   */
  addDistinct(key: string, member: string, options: Window): Promise<{ count: number; isNew: boolean }>
  /** How many distinct members were seen within the last `windowMs`. */
  distinct(key: string, options: Window): Promise<number>
  /**
   * Takes one of the `max` places under the key for the member, and says whether it has one. It's lost unless it's taken again
   * within `windowMs`: what a process held that died comes free by itself.
   */
  hold(key: string, member: string, options: Window & { readonly max: number }): Promise<boolean>
  /** Gives the member's place back. */
  release(key: string, member: string): Promise<void>
  close(): Promise<void>
}

export const bucketsPerWindow = 10
