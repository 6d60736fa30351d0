// What RCPT is judged by: how many there are, whether the address can be written to from here, and who is there. A refused recipient
// leaves the others standing (contract D2). RFC 5321 §3.3 and §4.5.3.1.10, RFC 5248 for the codes.
import { needsSmtpUtf8, type Policy, type Reply } from '@postern/smtp'
import { type SendingRoom, sendingRoomLeft } from './sending-room.js'

/** Where a recipient's mail goes: to an inbox of this gateway, to the sink of a domain that keeps none, or away. */
export type DestinationKind = 'inbox' | 'sink' | 'remote' | 'unknown' | 'disabled' | 'no-sink' | 'no-route'

export interface RcptCase {
  readonly recipient: string
  readonly destination: DestinationKind
  /** How many recipients the transaction has already. */
  readonly standing: number
  readonly recipientsMax: number
  readonly smtpUtf8: boolean
  /** For those that stand and this one. */
  readonly room: SendingRoom
}

export const rcptPolicies: readonly Policy<RcptCase>[] = [
  recipientCount,
  recipientInAscii,
  reachable,
  ({ room }) => sendingRoomLeft(room),
]

function recipientInAscii({ recipient, smtpUtf8 }: RcptCase): Reply | undefined {
  return needsSmtpUtf8(recipient) && !smtpUtf8 ? '553 5.6.7 The address is not ASCII: send with SMTPUTF8' : undefined
}

function recipientCount({ standing, recipientsMax }: RcptCase): Reply | undefined {
  return standing >= recipientsMax ? `452 4.5.3 A message has at most ${recipientsMax} recipients here` : undefined
}

function reachable({ destination, recipient }: RcptCase): Reply | undefined {
  switch (destination) {
    case 'inbox':
    case 'sink':
    case 'remote':
      return undefined
    case 'unknown':
      return `550 5.1.1 There is no inbox ${recipient}`
    case 'disabled':
      return `550 5.2.1 The inbox ${recipient} is disabled`
    case 'no-sink':
      return `550 5.2.1 The domain of ${recipient} keeps no mail, and has nowhere to hand it to`
    case 'no-route':
      return noRouteReply
  }
}

export const noRouteReply: Reply =
  '550 5.4.4 Mail cannot leave here yet: set POSTERN_ROUTE, or a route for the domain or the inbox'
