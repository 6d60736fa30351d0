// The parent of the workers (`postern start --workers N`). It holds the ports and no mail: the first worker does the first start
// and announces, then come the others. One that dies is started again; a signal goes to all of them, and the parent ends when
// they have; SIGHUP replaces them one after the other, the new one up before the old one is told to go.

import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Config } from '@postern/config'
import { Failure } from '@postern/service'
import { createLogger, type Logger } from '@postern/telemetry'
import { errorAnswer, errorLines } from '../cli/error-answer.js'
import { workers as limits, stopTimeoutMs } from '../limits.js'
import { Hub } from './hub.js'
import { portSettings } from './port-settings.js'
import { Restarts } from './restarts.js'

interface Running {
  readonly worker: Worker
  readonly slot: Slot
  readonly startedAtMs: number
  /** False when it ended before. */
  readonly ready: Promise<boolean>
  readonly ended: Promise<void>
  /** Nobody is to take its place: it was told to go. */
  isLeaving: boolean
}

/** One of the N, whichever process it is at the time. */
interface Slot {
  readonly number: number
  readonly restarts: Restarts
}

const main = fileURLToPath(new URL('../main.js', import.meta.url))

export class Supervisor {
  readonly #config: Config
  readonly #logger: Logger
  readonly #hub = new Hub()
  readonly #running = new Set<Running>()
  readonly #slots: readonly Slot[]
  #portsInUse: Record<string, string> = {}
  #env: Record<string, string> = {}
  #isAnnounced = false
  #stopping: string | undefined
  #rolling: Promise<void> | undefined
  #exitCode = 0

  constructor(config: Config) {
    this.#config = config
    this.#logger = createLogger({ level: config.logLevel }).child({ part: 'workers' })
    this.#slots = Array.from({ length: config.workers }, (_, index) => ({
      number: index + 1,
      restarts: new Restarts(limits.restarts),
    }))
    // Each worker accepts for itself (docs/decisions/ports-shared-by-workers.md). Node's own variable may say otherwise.
    if (process.env.NODE_CLUSTER_SCHED_POLICY === undefined) cluster.schedulingPolicy = cluster.SCHED_NONE
    cluster.setupPrimary({ exec: main, args: process.argv.slice(2) })
  }

  /** Resolves when all are up, or when the first one could not start: it has said why. */
  async start(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop(signal))
    // A terminal that is closed ends what runs in it; without one it's the word of an operator.
    process.on('SIGHUP', () => (process.stdout.isTTY ? this.#stop('SIGTERM') : this.#roll()))
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => this.#onError(event, error))
    const [first, ...others] = this.#slots
    if (!(await this.#fork(first!).ready)) return
    const ready = await Promise.all(others.map((slot) => this.#fork(slot).ready))
    if (ready.every(Boolean)) this.#logger.info({ pids: this.#pids() }, 'all workers run')
  }

  #pids(): (number | undefined)[] {
    return [...this.#running].map(({ worker }) => worker.process.pid)
  }

  #fork(slot: Slot): Running {
    // With nobody left to share a port that was any free one, the next ones must get the same.
    if (this.#running.size === 0) this.#env = this.#portsInUse
    const worker = cluster.fork(this.#env)
    const ended = new Promise<void>((resolve) => worker.process.once('exit', () => resolve()))
    const ready = new Promise<boolean>((resolve) => {
      this.#hub.attach(worker.process, {
        announces: !this.#isAnnounced,
        onReady: ({ ports }) => {
          this.#isAnnounced = true
          this.#portsInUse = portSettings(ports, this.#config)
          resolve(true)
        },
      })
      void ended.then(() => resolve(false))
    })
    const running: Running = { worker, slot, startedAtMs: performance.now(), ready, ended, isLeaving: false }
    this.#running.add(running)
    worker.process.once('exit', (code, signal) => this.#onExit(running, { code, signal }))
    return running
  }

  #onExit(running: Running, how: { readonly code: number | null; readonly signal: string | null }): void {
    this.#running.delete(running)
    if (this.#stopping !== undefined) {
      // Killed by this parent, or by a second signal.
      if (how.code !== 0) this.#exitCode ||= 1
      if (this.#running.size === 0) this.#end()
    } else if (!this.#isAnnounced) {
      // The first start has failed, and has said why.
      this.#exitCode = how.code ?? 1
      this.#end()
    } else if (!running.isLeaving) this.#startAgain(running, how)
  }

  #startAgain(
    { worker, slot, startedAtMs }: Running,
    how: { readonly code: number | null; readonly signal: string | null },
  ): void {
    const { pid } = worker.process
    const delayMs = slot.restarts.after(performance.now() - startedAtMs)
    if (delayMs === undefined) {
      this.#giveUp(slot)
      return
    }
    this.#logger.error({ worker: slot.number, pid, ...how, delayMs }, 'a worker has ended: another one takes its place')
    setTimeout(() => {
      if (this.#stopping === undefined) void this.#restart(slot)
    }, delayMs)
  }

  async #restart(slot: Slot): Promise<void> {
    const running = this.#fork(slot)
    if (await running.ready)
      this.#logger.info({ worker: slot.number, pid: running.worker.process.pid }, 'a worker is back')
  }

  #giveUp({ number }: Slot): void {
    const failure = new Failure(
      'worker_dies',
      `Worker ${number} died ${limits.restarts.youngDeathsMax} times in a row, each time shortly after its start.`,
      { fix: 'Look into the log for what it said last; mend that, and start the gateway again.' },
    )
    this.#logger.fatal({ worker: number }, failure.message)
    process.stderr.write(`${errorLines(errorAnswer(failure)).join('\n')}\n`)
    this.#exitCode = 1
    this.#stop('SIGTERM')
  }

  #stop(signal: 'SIGTERM' | 'SIGINT'): void {
    const isFirst = this.#stopping === undefined
    this.#stopping ??= signal
    for (const { worker } of this.#running) worker.process.kill(signal)
    if (this.#running.size === 0) this.#end()
    if (!isFirst) return
    this.#logger.info({ signal, pids: this.#pids() }, 'waiting for the workers to drain')
    setTimeout(() => this.#killAll(), this.#config.drainMs + limits.stopMs + stopTimeoutMs).unref()
  }

  #killAll(): void {
    for (const { worker } of this.#running) {
      this.#logger.error({ pid: worker.process.pid }, 'a worker did not end in time and is killed')
      worker.process.kill('SIGKILL')
    }
  }

  #end(): void {
    process.exit(this.#exitCode)
  }

  #roll(): void {
    if (this.#stopping !== undefined) return
    if (this.#rolling !== undefined) this.#logger.warn('the workers are being replaced already')
    this.#rolling ??= this.#replaceAll().finally(() => {
      this.#rolling = undefined
    })
  }

  async #replaceAll(): Promise<void> {
    this.#logger.info('replacing the workers, one after the other')
    for (const old of [...this.#running]) {
      if (old.isLeaving || !this.#running.has(old)) continue
      if (!(await this.#replace(old))) return
    }
    this.#logger.info({ pids: this.#pids() }, 'all workers are replaced')
  }

  /** False where the new one didn't get up: the old one stays, and so do the others. */
  async #replace(old: Running): Promise<boolean> {
    const next = this.#fork(old.slot)
    next.isLeaving = true
    const isUp = await within(limits.readyMs, next.ready)
    if (this.#stopping !== undefined) return false
    if (isUp !== true) {
      next.worker.process.kill('SIGKILL')
      this.#logger.error({ worker: old.slot.number }, 'the new worker did not get up: the old ones stay')
      return false
    }
    next.isLeaving = false
    old.isLeaving = true
    old.worker.process.kill('SIGTERM')
    await within(this.#config.drainMs + limits.stopMs + stopTimeoutMs, old.ended)
    if (this.#running.has(old)) old.worker.process.kill('SIGKILL')
    await old.ended
    return this.#stopping === undefined
  }

  #onError(event: string, error: unknown): void {
    const err = error instanceof Error ? error : new Error(String(error))
    this.#logger.fatal({ err }, event)
    // The workers notice that the pipe is gone, and drain.
    process.exit(1)
  }
}

async function within<Value>(timeMs: number, work: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
