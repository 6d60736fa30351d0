// What comes in from elsewhere, and the seams along its way: judged (judge/), planned by each inbox's own rules (rules/), and put where
// its domain's mode says (modes/). The three ways in, SMTP, LMTP and HTTP, say the same words, so that nothing behind `deliver.ts` knows by
// which of them a message came. Contract F.

import type { AccountId, DeliveryOutcome, Domain, Inbox, LocalPlace, Once, SentOn } from '@postern/mailbox-store'
import type { DmarcResult } from '@postern/rules'
import type { DiskUse, MailText, Reply } from '@postern/smtp'
import type { SpfResult } from './judge/checks.js'

export type { DiskUse, Reply } from '@postern/smtp'

export interface Arrival {
  /** In the Received field and in the mail log. */
  readonly id: string
  readonly via: 'smtp' | 'lmtp' | 'ingest'
  /** Empty for a null reverse-path. */
  readonly sender: string
  /** What the client called itself. */
  readonly helo: string | undefined
  /** Of who handed it over: another server's where it came by SMTP, the one in front's otherwise. */
  readonly clientAddress: string | undefined
  readonly tls: { readonly version: string; readonly cipher: string } | undefined
  readonly smtpUtf8: boolean
  /** Unix milliseconds. */
  readonly receivedAt: number
  /** Where it may be handed over again because an answer was lost: what has it is not given it a second time. */
  readonly once?: Once | undefined
  /** Of what was handed over: what is known of its way till then, from one who can be believed. */
  readonly before?: Before | undefined
}

/** The server that sent it to whoever handed it over, or what SPF said of that one there. */
export interface Before {
  readonly client?: { readonly address: string; readonly helo?: string | undefined } | undefined
  readonly spf?: { readonly result: SpfResult; readonly toldBy: string } | undefined
  /** Its sender has heard that it was taken: whoever refuses it now tells nobody. */
  readonly isTaken: boolean
}

export interface ArrivalRecipient {
  /** As the sender wrote it. */
  readonly address: string
  readonly domain: Domain
  /** Or the address to make one under when the message is there: the domain is catch-all (contract C12). */
  readonly inbox: Inbox | { readonly toMake: string }
}

/** The message as it came, before anything is added. Large ones are held in a file that has no name. */
export interface ArrivedText extends MailText {
  readonly sizeBytes: number
}

export type Action = 'accept' | 'spam' | 'refuse' | 'defer'

/** What is thought of a message, for recipients who all think alike of it (`laneOf`). */
export interface Verdict {
  readonly action: Action
  /** What the sender hears of `refuse` and `defer`. */
  readonly reply?: Reply | undefined
  /** The value of the field that is added, folded; undefined where nothing was checked. */
  readonly authenticationResults: string | undefined
  /** Undefined where it wasn't looked for. */
  readonly dmarc?: DmarcResult | undefined
}

/** One arrival for recipients of one lane. */
export interface Addressed {
  readonly arrival: Arrival
  readonly recipients: readonly ArrivalRecipient[]
}

export interface Judge {
  judge(text: ArrivedText, addressed: Addressed): Promise<Verdict>
  /** What of a recipient's domain has a say in the verdict: recipients with the same are judged together. */
  laneOf(recipient: ArrivalRecipient): string
}

export type Place = Omit<LocalPlace, 'account'>

/** What the inbox sends on: a forward has the text of the inbox, a post to a sink the one that's stored, an answer its own. */
export type PlannedSending = Omit<SentOn, 'message' | 'body'> & { readonly text?: Uint8Array | undefined }

/** What an inbox's own rules make of a message. */
export interface RecipientPlan {
  /** Each a different mailbox; none: the message is nowhere in the inbox, and its sender hears that it was taken. */
  readonly places: readonly Place[]
  readonly sendings?: readonly PlannedSending[]
  /** When all of it is done; with what became of the places. */
  readonly settled?: (outcomes: readonly DeliveryOutcome[]) => void
}

export interface Planner {
  plan(
    text: ArrivedText,
    of: { readonly arrival: Arrival; readonly verdict: Verdict; readonly inbox: Inbox; readonly address: string },
  ): Promise<RecipientPlan>
}

/** What became of the message for one recipient. */
export interface Outcome {
  readonly recipient: ArrivalRecipient
  /** Deferred: whoever sends it keeps it. */
  readonly kind: 'delivered' | 'deferred' | 'refused'
  readonly reply: Reply
  /** It had no room: what asks for this one again soon may be told so at once. */
  readonly account?: AccountId
}

/** What a domain does with its mail (contract F2). */
export interface Mode {
  /** Recipients with the same may be handed over together; SMTP, which has one answer for all, takes no others along. */
  laneOf(recipient: ArrivalRecipient): string
  readonly disk: DiskUse
  /** What RCPT hears where the domain isn't furnished for the mode. */
  refusal?(recipient: Pick<ArrivalRecipient, 'address' | 'domain'>): Reply | undefined
  deliver(text: ArrivedText, delivery: ModeDelivery): Promise<readonly Outcome[]>
}

export interface ModeDelivery extends Addressed {
  readonly verdict: Verdict
  /** One answer for all: then all have it, or none. */
  readonly together: boolean
}
