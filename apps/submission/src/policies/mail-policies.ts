// What MAIL is judged by: whether this login may send at all, as whom, how much, and how it would leave. RFC 6409 §6.1, RFC 1870 §6,
// RFC 6531 §3.5, RFC 8689 §4.2.1. A null reverse-path is no reason to refuse: mail programs send read receipts so (RFC 6409 §3.2).

import type { Scope } from '@postern/mailbox-store'
import { needsSmtpUtf8, type Policy, type Reply } from '@postern/smtp'
import { type SendingRoom, sendingRoomLeft } from './sending-room.js'

export interface MailCase {
  /** Of the credential; undefined: a token, which opens what its inbox has. */
  readonly scopes: readonly Scope[] | undefined
  /** Empty for a null reverse-path. */
  readonly sender: string
  /** Whether the login may send as this address (sender-scope.ts). */
  readonly covered: boolean
  /** What takes the place of a sender that isn't covered, in the mode `rewrite`. */
  readonly ownAddress: string | undefined
  readonly smtpUtf8: boolean
  /** As the client announces it. */
  readonly sizeBytes: number | undefined
  readonly bytesMax: number
  readonly requireTls: boolean
  readonly keepsRequireTls: boolean
  /** For one recipient more. */
  readonly room: SendingRoom
}

export const mailPolicies: readonly Policy<MailCase>[] = [
  mayUseSmtp,
  senderInAscii,
  senderCovered,
  announcedSize,
  requireTlsKept,
  ({ room }) => sendingRoomLeft(room),
]

/** What goes on as the reverse-path of a MAIL that isn't refused. */
export function senderOf({ sender, covered, ownAddress }: Pick<MailCase, 'sender' | 'covered' | 'ownAddress'>): string {
  return sender === '' || covered || ownAddress === undefined ? sender : ownAddress
}

function mayUseSmtp({ scopes }: MailCase): Reply | undefined {
  return scopes === undefined || scopes.includes('smtp') ? undefined : '550 5.7.1 This login may not send mail'
}

function senderInAscii({ sender, smtpUtf8 }: MailCase): Reply | undefined {
  return needsSmtpUtf8(sender) && !smtpUtf8 ? '550 5.6.7 The address is not ASCII: send with SMTPUTF8' : undefined
}

function senderCovered({ sender, covered, ownAddress }: MailCase): Reply | undefined {
  if (sender === '' || covered || ownAddress !== undefined) return undefined
  return `553 5.7.1 Sender not authorized: this login may not send as ${sender}`
}

function announcedSize({ sizeBytes, bytesMax }: MailCase): Reply | undefined {
  return sizeBytes !== undefined && sizeBytes > bytesMax
    ? `552 5.3.4 The message is larger than ${bytesMax} bytes, which is the most taken here`
    : undefined
}

function requireTlsKept({ requireTls, keepsRequireTls }: MailCase): Reply | undefined {
  return requireTls && !keepsRequireTls ? requireTlsReply : undefined
}

export const requireTlsReply: Reply = '550 5.7.30 REQUIRETLS support required: the route of this mail does not keep it'
