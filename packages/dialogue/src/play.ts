// Plays a script against a server: says the client's lines, reads the server's, and stops at the first that differs with
// the conversation so far. Each script can be played whole (a line a write) and one byte at a time, which finds parsers
// that need a line in one piece.

import { type Bindings, fillIn, matchLine } from './pattern.js'
import type { Expectation, Script, Step } from './script.js'

/** One connection to the server under test. */
export interface Wire {
  write(bytes: Uint8Array): Promise<void> | void
  /** The next bytes, undefined at the end of the connection. */
  read(): Promise<Uint8Array | undefined>
  close(): void
}

export interface PlayOptions {
  readonly connect: (session: number) => Promise<Wire>
  readonly given?: (text: string) => Promise<void>
  readonly byteByByte?: boolean
  /** How long a server's line may take. */
  readonly patienceMs?: number
  readonly bindings?: ReadonlyMap<string, string>
}

export class DialogueError extends Error {
  override readonly name = 'DialogueError'
}

export async function play(script: Script, options: PlayOptions): Promise<Bindings> {
  const stage = new Stage(options)
  try {
    for (let i = 0; i < script.steps.length; i++) {
      const step = script.steps[i] as Step
      if (step.kind === 'hear' && step.expect.anyOrder) {
        const group = anyOrderGroup(script.steps, i)
        await stage.hearAll(group)
        i += group.length - 1
      } else await stage.act(step)
    }
    return stage.bindings
  } finally {
    stage.close()
  }
}

type Hear = Extract<Step, { kind: 'hear' }>

/** The `S&` lines of one session that stand together. */
function anyOrderGroup(steps: readonly Step[], from: number): Hear[] {
  const group: Hear[] = []
  for (const step of steps.slice(from)) {
    const first = group[0]
    if (step.kind !== 'hear' || !step.expect.anyOrder || (first !== undefined && step.session !== first.session)) break
    group.push(step)
  }
  return group
}

class Stage {
  bindings: Bindings
  readonly #options: PlayOptions
  readonly #sessions = new Map<number, Session>()
  readonly #said: string[] = []

  constructor(options: PlayOptions) {
    this.#options = options
    this.bindings = new Map(options.bindings ?? [])
  }

  async act(step: Step): Promise<void> {
    switch (step.kind) {
      case 'given':
        if (this.#options.given === undefined) throw new DialogueError(`line ${step.line}: nobody knows: ${step.text}`)
        await this.#options.given(step.text)
        return
      case 'say': {
        const session = await this.#session(step.session)
        const text = fillIn(fromBytes(step.bytes), this.bindings)
        this.#said.push(`C${step.session}: ${text}`)
        await session.say(toBytes(text), this.#options.byteByByte === true)
        return
      }
      case 'end':
        await this.#hearEnd(step)
        return
      case 'hear':
        await this.#hear(step)
    }
  }

  async hearAll(group: readonly Hear[]): Promise<void> {
    const left = [...group]
    const session = await this.#session((group[0] as Hear).session)
    while (left.length > 0) {
      const line = await this.#line(session, left[0] as Hear)
      const at = left.findIndex(({ expect }) => this.#accepts(expect, line))
      if (at < 0)
        throw this.#differs(
          left[0] as Hear,
          line,
          left.map(({ expect }) => expect.pattern),
        )
      left.splice(at, 1)
    }
  }

  close(): void {
    for (const session of this.#sessions.values()) session.wire.close()
  }

  async #hear(step: Hear): Promise<void> {
    const session = await this.#session(step.session)
    const { expect } = step
    if (expect.raw) {
      const bytes = await session.take(toBytes(expect.pattern).length, this.#patience(step))
      if (bytes !== expect.pattern) throw this.#differs(step, bytes, [expect.pattern])
      return
    }
    let line = await this.#line(session, step)
    while (expect.skips && line.startsWith('* ') && !this.#accepts(expect, line)) line = await this.#line(session, step)
    if (this.#accepts(expect, line)) return
    if (!expect.optional) throw this.#differs(step, line, [expect.pattern])
    session.putBack(line)
  }

  async #hearEnd(step: Extract<Step, { kind: 'end' }>): Promise<void> {
    const session = await this.#session(step.session)
    const ms = this.#options.patienceMs ?? 5_000
    const more = await session.end({ ms, late: () => new DialogueError(`line ${step.line}: no end for ${ms} ms`) })
    if (more !== '') throw new DialogueError(`line ${step.line}: before the end came: ${more}`)
  }

  async #line(session: Session, step: Hear): Promise<string> {
    const line = await session.line(this.#patience(step))
    this.#said.push(`S${step.session}: ${line}`)
    return line
  }

  #accepts(expect: Expectation, line: string): boolean {
    const bound = matchLine(expect.pattern, line, this.bindings)
    if (bound === undefined) return false
    this.bindings = bound
    return true
  }

  #differs(step: Hear, real: string, expected: readonly string[]): DialogueError {
    const said = this.#said.slice(-12).map((line) => `    ${line}`)
    const wanted = expected.map((pattern) => `  expected: ${fillIn(pattern, this.bindings)}`)
    return new DialogueError([`line ${step.line}:`, ...wanted, `  but came: ${real}`, '  so far:', ...said].join('\n'))
  }

  #patience(step: Hear): { ms: number; late: () => Error } {
    const ms = this.#options.patienceMs ?? 5_000
    return { ms, late: () => this.#differs(step, `(nothing for ${ms} ms, or the end)`, [step.expect.pattern]) }
  }

  async #session(number: number): Promise<Session> {
    let session = this.#sessions.get(number)
    if (session === undefined) {
      session = new Session(await this.#options.connect(number))
      this.#sessions.set(number, session)
    }
    return session
  }
}

/** One connection's bytes as lines. A line that ends in a literal's mark goes on with the literal and the next line. */
class Session {
  readonly wire: Wire
  #buffer = ''
  #reading: Promise<Uint8Array | undefined> | undefined

  constructor(wire: Wire) {
    this.wire = wire
  }

  async say(bytes: Uint8Array, byteByByte: boolean): Promise<void> {
    if (!byteByByte) {
      await this.wire.write(bytes)
      return
    }
    for (const byte of bytes) {
      await this.wire.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  putBack(line: string): void {
    this.#buffer = `${line}\r\n${this.#buffer}`
  }

  async line(patience: { ms: number; late: () => Error }): Promise<string> {
    const until = performance.now() + patience.ms
    for (;;) {
      const end = endOfLine(this.#buffer)
      if (end !== undefined) {
        const line = this.#buffer.slice(0, end)
        this.#buffer = this.#buffer.slice(end + 2)
        return line
      }
      if (!(await this.#more(until, patience.late))) throw patience.late()
    }
  }

  async take(count: number, patience: { ms: number; late: () => Error }): Promise<string> {
    const until = performance.now() + patience.ms
    while (this.#buffer.length < count) if (!(await this.#more(until, patience.late))) throw patience.late()
    const taken = this.#buffer.slice(0, count)
    this.#buffer = this.#buffer.slice(count)
    return taken
  }

  /** What still comes before the connection ends. */
  async end(patience: { ms: number; late: () => Error }): Promise<string> {
    const until = performance.now() + patience.ms
    while (await this.#more(until, patience.late));
    return this.#buffer
  }

  /** False at the end of the connection. */
  async #more(until: number, late: () => Error): Promise<boolean> {
    // A read that outlived an earlier patience is still this session's next one.
    this.#reading ??= this.wire.read()
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), Math.max(0, until - performance.now()))
    })
    try {
      const bytes = await Promise.race([this.#reading, tooLate])
      this.#reading = undefined
      if (bytes !== undefined) this.#buffer += fromBytes(bytes)
      return bytes !== undefined
    } finally {
      clearTimeout(timer)
    }
  }
}

function endOfLine(text: string): number | undefined {
  let from = 0
  for (;;) {
    const end = text.indexOf('\r\n', from)
    if (end < 0) return undefined
    const literal = /\{(\d+)\}$/.exec(text.slice(from, end))
    if (literal === null) return end
    from = end + 2 + Number(literal[1])
    if (from > text.length) return undefined
  }
}

/** Bytes and strings of the same length: one character a byte. */
const fromBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const toBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
