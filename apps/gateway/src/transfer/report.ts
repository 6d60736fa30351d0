// What came of an import: counts for each mailbox, and the first failures and notes one by one. As it's printed, and as --json has it.

import { listedMax } from './limits.js'

export interface MailboxCounts {
  /** Ours. */
  readonly mailbox: string
  imported: number
  /** Not imported: the mailbox has the same bytes. */
  duplicates: number
  /** Brought by an earlier import. */
  before: number
  failed: number
  flags_changed: number
  bytes: number
}

export interface Trouble {
  readonly place: string
  readonly why: string
}

export interface ImportReport {
  readonly inbox: string
  readonly format: string
  readonly dry_run: boolean
  readonly imported: number
  readonly duplicates: number
  readonly before: number
  readonly failed: number
  readonly passed_over: number
  readonly flags_changed: number
  readonly without_keywords: number
  readonly bytes: number
  readonly mailboxes: readonly MailboxCounts[]
  /** The first of them. */
  readonly failures: readonly Trouble[]
  readonly notes: readonly Trouble[]
  /** Why it ended before everything was looked at. */
  readonly stopped: { readonly name: string; readonly message: string; readonly fix: string } | null
}

export class Tally {
  readonly mailboxes: MailboxCounts[] = []
  readonly failures: Trouble[] = []
  readonly notes: Trouble[] = []
  passedOver = 0
  failedElsewhere = 0
  withoutKeywords = 0
  stopped: ImportReport['stopped'] = null

  of(mailbox: string): MailboxCounts {
    const known = this.mailboxes.find((one) => one.mailbox === mailbox)
    if (known !== undefined) return known
    const counts = { mailbox, imported: 0, duplicates: 0, before: 0, failed: 0, flags_changed: 0, bytes: 0 }
    this.mailboxes.push(counts)
    return counts
  }

  fail({ place, why }: Trouble, counts?: MailboxCounts): void {
    if (counts === undefined) this.failedElsewhere++
    else counts.failed++
    if (this.failures.length < listedMax) this.failures.push({ place, why })
  }

  note({ place, why }: Trouble): void {
    this.passedOver++
    if (this.notes.length < listedMax) this.notes.push({ place, why })
  }

  get imported(): number {
    return this.#sum('imported')
  }

  get failed(): number {
    return this.#sum('failed') + this.failedElsewhere
  }

  report(of: Pick<ImportReport, 'inbox' | 'format' | 'dry_run'>): ImportReport {
    return {
      ...of,
      ...{
        imported: this.imported,
        duplicates: this.#sum('duplicates'),
        before: this.#sum('before'),
        failed: this.failed,
      },
      ...{
        passed_over: this.passedOver,
        flags_changed: this.#sum('flags_changed'),
        without_keywords: this.withoutKeywords,
      },
      ...{
        bytes: this.#sum('bytes'),
        mailboxes: this.mailboxes,
        failures: this.failures,
        notes: this.notes,
        stopped: this.stopped,
      },
    }
  }

  #sum(what: Exclude<keyof MailboxCounts, 'mailbox'>): number {
    return this.mailboxes.reduce((sum, counts) => sum + counts[what], 0)
  }
}
