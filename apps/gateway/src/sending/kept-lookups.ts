// Answers from the directory that are asked for with every message: each is looked up once and kept until the directory
// changes, by whatever process. The directory's version says whether it has; it is one cheap read, made at most so often.

export interface KeptLookupsOptions<Value> {
  /** Moves when what was looked up may be out of date. */
  readonly version: () => Promise<number>
  readonly keysMax: number
  /** What isn't worth keeping is looked up again. */
  readonly keeps?: (found: Value) => boolean
}

export class KeptLookups<Value> {
  readonly #options: KeptLookupsOptions<Value>
  #kept = new Map<string, Promise<Value>>()
  #version: number | undefined

  constructor(options: KeptLookupsOptions<Value>) {
    this.#options = options
  }

  async get(key: string, look: () => Promise<Value>): Promise<Value> {
    const { version, keysMax, keeps = () => true } = this.#options
    const now = await version()
    if (now !== this.#version) this.#kept = new Map()
    this.#version = now
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    if (this.#kept.size >= keysMax) this.#kept = new Map()
    const kept = this.#kept
    const looking = look()
    kept.set(key, looking)
    // What failed is looked up again; who asked hears of the failure from `looking` itself.
    looking.then(
      (found) => keeps(found) || kept.delete(key),
      () => kept.delete(key),
    )
    return looking
  }
}

/** Asks at most so often, and answers with what it heard last. */
export function askedLately<Value>(
  ask: () => Promise<Value>,
  { elapsedMs, forMs }: { elapsedMs: () => number; forMs: number },
): () => Promise<Value> {
  let last: { readonly atMs: number; readonly answer: Promise<Value> } | undefined
  return () => {
    const atMs = elapsedMs()
    if (last === undefined || atMs - last.atMs >= forMs) last = { atMs, answer: ask() }
    return last.answer
  }
}

/** Those who ask while it's being asked hear the same answer: a message for a hundred inboxes asks once. */
export function askedTogether<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let asking: Promise<Value> | undefined
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
}
