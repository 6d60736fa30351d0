/**
 * The doorbell: tells listeners, after the commit, that there's something to look at. It carries no data; who hears it asks
 * the store what changed, so a lost ring costs latency and never mail. Delivery is never inside the ringer's call, rings of
 * one mailbox are merged to the highest modSeq, and a listener that fails harms no other. Redis implements the same interface.
 */

/** A mailbox changed up to modSeq, a record of the directory changed, or the outbox has work. */
export type Ring =
  | { readonly mailbox: number; readonly modSeq: number }
  | { readonly directory: string }
  | { readonly outbox: 'due' }

/** Removes the listener; once it returns, the listener isn't called again. */
export type StopListening = () => void

export interface Doorbell {
  /** Call it after the commit. Never throws and never waits. */
  ring(ring: Ring): void
  /**
   * Hears that the mailbox changed, with the highest modSeq since the last call; 0 says that it may have changed: an engine that
   * could have missed a ring has everyone look.
   */
  listen(mailbox: number, listener: (modSeq: number) => void | Promise<void>): StopListening
  /**
   * Hears the public id of each credential, inbox or domain that changed, so that sessions can be ended (contract B4). What was
   * missed isn't rung again: every process looks at the directory itself, too.
   */
  listenToDirectory(listener: (publicId: string) => void | Promise<void>): StopListening
  /** Hears that the outbox may have something to send. */
  listenForOutbox(listener: () => void | Promise<void>): StopListening
  /** Drops all listeners and all rings not yet delivered. */
  close(): Promise<void>
}
