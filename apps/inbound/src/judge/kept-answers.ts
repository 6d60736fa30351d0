// What name servers have answered, kept for as long as they said, or for a minute where Node doesn't tell how long that is (of all but
// addresses): many messages ask for the same few records. That there's nothing of a name is kept too, shorter; that no name server
// answered, only for a moment, so that the next message doesn't wait for the same silence. Whoever asks what is being asked waits for that
// answer. RFC 2308 §5, RFC 9520 §3.2.

export type Records = string[][] | string[]

export interface Answer {
  readonly records: Records
  /** How long it may be kept; undefined where nobody knows. */
  readonly ttlMs?: number | undefined
}

export interface KeptAnswersLimits {
  readonly entriesMax: number
  /** Of all answers together, roughly. */
  readonly bytesMax: number
  readonly keptMsMax: number
  /** Where it isn't known how long. */
  readonly unknownTtlMs: number
  readonly noneMs: number
  readonly failureMs: number
}

export const defaultKeptAnswersLimits: KeptAnswersLimits = {
  entriesMax: 20_000,
  bytesMax: 8_388_608,
  keptMsMax: 300_000,
  unknownTtlMs: 60_000,
  noneMs: 30_000,
  failureMs: 1_000,
}

export interface KeptAnswersOptions {
  readonly limits: KeptAnswersLimits
  /** Milliseconds from any beginning. */
  readonly elapsedMs: () => number
  /** Whether the failure says that there is nothing of the name. */
  readonly isNone: (error: unknown) => boolean
}

interface Kept {
  readonly untilMs: number
  readonly bytes: number
  readonly answer: Promise<Records>
}

/** What an entry costs beside its text. */
const entryBytes = 200

export class KeptAnswers {
  readonly #options: KeptAnswersOptions
  /** From the oldest on. */
  readonly #kept = new Map<string, Kept>()
  readonly #underWay = new Map<string, Promise<Records>>()
  #bytes = 0

  constructor(options: KeptAnswersOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whoever gets it may change it. */
  async get(question: string, ask: () => Promise<Answer>): Promise<Records> {
    const kept = this.#kept.get(question)
    if (kept !== undefined && kept.untilMs > this.#options.elapsedMs()) return copied(await kept.answer)
    const asking = this.#underWay.get(question) ?? this.#ask(question, ask)
    return copied(await asking)
  }

  #ask(question: string, ask: () => Promise<Answer>): Promise<Records> {
    const { limits, isNone } = this.#options
    const answered = ask()
    const answer = answered.then(({ records }) => records)
    this.#underWay.set(question, answer)
    const keep = (forMs: number, records: Records): void => {
      this.#underWay.delete(question)
      this.#keep(question, { answer, forMs, bytes: entryBytes + question.length + sizeOf(records) })
    }
    answered.then(
      ({ records, ttlMs = limits.unknownTtlMs }) => keep(Math.min(ttlMs, limits.keptMsMax), records),
      (error: unknown) => keep(isNone(error) ? limits.noneMs : limits.failureMs, []),
    )
    return answer
  }

  #keep(question: string, { answer, forMs, bytes }: Pick<Kept, 'answer' | 'bytes'> & { readonly forMs: number }): void {
    const { limits, elapsedMs } = this.#options
    this.#drop(question)
    if (forMs <= 0) return
    this.#kept.set(question, { answer, bytes, untilMs: elapsedMs() + forMs })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= limits.entriesMax && this.#bytes <= limits.bytesMax) return
      this.#drop(oldest)
    }
  }

  #drop(question: string): void {
    this.#bytes -= this.#kept.get(question)?.bytes ?? 0
    this.#kept.delete(question)
  }
}

const copied = (records: Records): Records =>
  records.map((record) => (Array.isArray(record) ? [...record] : record)) as Records

const sizeOf = (records: Records): number => records.reduce((sum, record) => sum + JSON.stringify(record).length, 0)
