/**
 * Starts the parts of a process in order and stops them in reverse. A first SIGTERM or SIGINT drains: parts take no new work
 * and finish what they have within drainMs; a second one exits now, unless it's the echo of the first. When a part can't
 * start, those before it are stopped and the caller gets to tell why. An error that nobody caught is logged with its stack
 * and ends the process: what was acknowledged is on disk, and going on in an unknown state would risk it.
 */
import type { Logger } from '@postern/telemetry'

export interface Part {
  readonly name: string
  start?(): Promise<void> | void
  /** Take no new work; resolve when what's there is finished. Cut short at the deadline. */
  drain?(time: DrainTime): Promise<void> | void
  stop?(): Promise<void> | void
}

/** What a part that drains is given. */
export interface DrainTime {
  /** By the lifecycle's clock. */
  readonly deadlineMs: number
  /** From now until then. */
  readonly drainMs: number
}

/** The part of `process` that is needed. */
export interface HostProcess {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown
  exit(code: number): void
}

export interface LifecycleOptions {
  readonly logger: Logger
  readonly drainMs: number
  /** For all parts to stop, behind the drain. One that hangs is left behind when it has had half of what is left. */
  readonly stopTimeoutMs: number
  readonly clock: () => number
  readonly host: HostProcess
}

interface StartFailure {
  readonly error: unknown
}

export type Phase = 'starting' | 'running' | 'draining' | 'stopping' | 'stopped'

/** Also behind parts that hang a part that doesn't gets to stop. */
const stopMsMin = 50

const signals = ['SIGTERM', 'SIGINT'] as const
const errors = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Ctrl-C reaches the whole process group, and npm passes on to its child what it gets: under `npm start` one key press
 * arrives twice. The same signal again within this time is that echo, not somebody's impatience.
 */
const echoMs = 500

export class Lifecycle {
  readonly #parts: readonly Part[]
  readonly #options: LifecycleOptions
  readonly #listeners: readonly (readonly [string, (error: unknown) => void])[]
  #phase: Phase = 'starting'
  #started: Part[] = []
  #starting: Promise<StartFailure | undefined> | undefined
  #shutdown: Promise<void> | undefined
  #signalled: { readonly signal: string; readonly atMs: number } | undefined

  constructor(parts: readonly Part[], options: LifecycleOptions) {
    this.#parts = parts
    this.#options = options
    this.#listeners = [
      ...signals.map((signal) => [signal, () => this.#onSignal(signal)] as const),
      ...errors.map((event) => [event, (error: unknown) => this.#onError(event, error)] as const),
    ]
  }

  get phase(): Phase {
    return this.#phase
  }

  /**
   * Starts all parts. False when a signal came first: then everything is stopped again and the host told to exit. Throws what
   * a part threw, when those before it are stopped again; ending the process is then the caller's.
   */
  async start(): Promise<boolean> {
    for (const [event, listener] of this.#listeners) this.#options.host.on(event, listener)
    this.#starting = this.#startAll()
    const failure = await this.#starting
    if (this.#shutdown) await this.#shutdown
    else if (failure) await this.#stopAll()
    else this.#phase = 'running'
    if (failure) throw failure.error
    return this.#shutdown === undefined
  }

  /** Drains, stops and exits with the code. Every call gets the same promise. */
  shutDown(reason: string, exitCode: number): Promise<void> {
    this.#shutdown ??= this.#shutDown(reason, exitCode)
    return this.#shutdown
  }

  async #startAll(): Promise<StartFailure | undefined> {
    for (const part of this.#parts) {
      if (this.#phase !== 'starting') return undefined
      try {
        await part.start?.()
        this.#started.push(part)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#options.logger.error({ part: part.name, reason }, 'part failed to start')
        return { error }
      }
    }
    return undefined
  }

  async #shutDown(reason: string, exitCode: number): Promise<void> {
    this.#phase = 'draining'
    this.#options.logger.info({ reason }, 'shutting down')
    const failure = await this.#starting
    await this.#drainAll()
    await this.#stopAll()
    this.#options.logger.info('stopped')
    if (failure === undefined) this.#options.host.exit(exitCode)
  }

  async #drainAll(): Promise<void> {
    const { logger, drainMs, clock } = this.#options
    const deadlineMs = clock() + drainMs
    const drains = this.#started.map(async (part) => {
      try {
        const isDone = await within(drainMs, () => part.drain?.({ deadlineMs, drainMs }))
        if (!isDone) logger.warn({ part: part.name }, 'part not drained in time')
      } catch (err) {
        logger.error({ err, part: part.name }, 'part failed to drain')
      }
    })
    await Promise.all(drains)
  }

  async #stopAll(): Promise<void> {
    const { logger, stopTimeoutMs, host } = this.#options
    this.#phase = 'stopping'
    const untilMs = performance.now() + stopTimeoutMs
    for (const part of this.#started.splice(0).reverse()) {
      try {
        const isDone = await within(Math.max(stopMsMin, (untilMs - performance.now()) / 2), () => part.stop?.())
        if (!isDone) logger.error({ part: part.name }, 'part did not stop in time')
      } catch (err) {
        logger.error({ err, part: part.name }, 'part failed to stop')
      }
    }
    this.#phase = 'stopped'
    for (const [event, listener] of this.#listeners) host.removeListener(event, listener)
  }

  #onSignal(signal: string): void {
    const atMs = this.#options.clock()
    const isEcho = this.#signalled?.signal === signal && atMs - this.#signalled.atMs < echoMs
    this.#signalled ??= { signal, atMs }
    if (this.#shutdown === undefined) {
      void this.shutDown(signal, 0)
    } else if (!isEcho) {
      this.#options.logger.warn({ signal }, 'second signal, exiting now')
      this.#options.host.exit(1)
    }
  }

  #onError(event: string, error: unknown): void {
    const err = error instanceof Error ? error : new Error(String(error))
    this.#options.logger.fatal({ err }, event)
    this.#options.host.exit(1)
  }
}

/** Whether the work was finished in time. */
async function within(timeMs: number, work: () => Promise<void> | void): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeMs)
  })
  try {
    return await Promise.race([(async () => work())().then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
