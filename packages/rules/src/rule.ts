// What a rule is: conditions that a message meets or doesn't, and what is then done with it. Values are as they were given; how they're
// compared is matching.ts's.

export interface Rule {
  readonly name: string
  readonly enabled: boolean
  /** Every message where it's left out. */
  readonly condition: Condition | undefined
  readonly actions: readonly Action[]
  /** No later rule is asked about a message that this one was for. */
  readonly stop: boolean
}

export type AddressField = 'from' | 'to' | 'cc' | 'reply-to' | 'sender' | 'recipient'
/** `detail`: behind the `+` of the local part. `name`: the display name. */
export type AddressPart = 'address' | 'local' | 'domain' | 'detail' | 'name'

export type TextTest =
  /** One of the values. */
  | { readonly kind: 'is' | 'contains' | 'matches'; readonly values: readonly string[] }
  | { readonly kind: 'exists'; readonly exists: boolean }

export type DmarcResult = 'pass' | 'fail' | 'none' | 'temperror' | 'permerror'
export const dmarcResults: readonly DmarcResult[] = ['pass', 'fail', 'none', 'temperror', 'permerror']

export type Condition =
  | { readonly kind: 'all' | 'any'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | {
      readonly kind: 'address'
      /** `sender` and `recipient` are those of the envelope. */
      readonly field: AddressField
      readonly part: AddressPart
      readonly test: TextTest
    }
  | { readonly kind: 'header'; readonly name: string; readonly test: TextTest }
  | { readonly kind: 'size'; readonly over: number | undefined; readonly under: number | undefined }
  | { readonly kind: 'spam'; readonly spam: boolean }
  | { readonly kind: 'dmarc'; readonly results: readonly DmarcResult[] }

export const specialUses = ['\\Archive', '\\Drafts', '\\Flagged', '\\Important', '\\Junk', '\\Sent', '\\Trash'] as const

/** A mailbox, made where it's missing. */
export type Into =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'use'; readonly use: (typeof specialUses)[number] }

export type SystemFlag = '\\Seen' | '\\Flagged' | '\\Answered'

export type Action =
  | { readonly kind: 'file'; readonly into: Into }
  /** It stays where it would be without rules, whatever else is done with it. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'flag'; readonly system: readonly SystemFlag[]; readonly keywords: readonly string[] }
  | { readonly kind: 'forward'; readonly to: string; readonly copy: boolean }
  | { readonly kind: 'sink'; readonly url: string }
  /** Once for each sender within so many days. */
  | { readonly kind: 'reply'; readonly text: string; readonly subject: string | undefined; readonly days: number }
  | { readonly kind: 'discard' }
