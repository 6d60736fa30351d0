/**
 * Which messages are being submitted right now: by the account whose mailbox for sent mail will have them, and a hash of their
 * Message-ID. A client that files its own copy while its submission is still open waits here for the end, and its copy meets the
 * one that the submission filed (contract E3). What is lost of it costs a second copy and never mail. Redis implements the same
 * interface.
 */
export interface Sending {
  /** Call it when the header has been read. Never throws and never waits. */
  begin(account: number, messageIdHash: number): EndOfSending
  /**
   * Resolves when no submission of the message is open, at once where there's none, and at the latest after `timeoutMs` or when
   * the signal says so.
   */
  settled(
    account: number,
    messageIdHash: number,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<void>
  /** Lets go of everybody who waits. */
  close(): Promise<void>
}

/** Call it behind the commit or the refusal. A second call does nothing. */
export type EndOfSending = () => void
