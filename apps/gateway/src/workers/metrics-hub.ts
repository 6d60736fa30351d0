// The metrics of all workers, for whichever of them is asked on the HTTP port. The parent keeps what each told last: of one that
// hangs it's told again, of one that has ended its counts stay in the sums.

import type { IpcLink } from '@postern/events'
import { type MetricsSnapshot, whatStays } from '@postern/telemetry'
import { metricsTimeoutMs } from '../limits.js'
import { kinds } from './kinds.js'

export class MetricsHub {
  readonly #last = new Map<IpcLink, MetricsSnapshot>()
  readonly #links = new Set<IpcLink>()
  /** Of workers that have ended. */
  #stays: MetricsSnapshot = []
  #adding: Promise<void> = Promise.resolve()

  attach(link: IpcLink): void {
    this.#links.add(link)
    link.hear<MetricsSnapshot>(kinds.lastMetrics, (snapshot) => void this.#last.set(link, snapshot))
    link.answer(kinds.metricsOfAll, () => this.#all())
    link.onDown(() => this.#left(link))
  }

  async #all(): Promise<readonly MetricsSnapshot[]> {
    await Promise.all([...this.#links].map((link) => this.#ask(link)))
    await this.#adding
    return [this.#stays, ...this.#last.values()]
  }

  async #ask(link: IpcLink): Promise<void> {
    const asked = link.ask<MetricsSnapshot>(kinds.metrics, null, { timeoutMs: metricsTimeoutMs })
    const snapshot = await asked.catch(() => undefined)
    if (snapshot !== undefined && this.#links.has(link)) this.#last.set(link, snapshot)
  }

  #left(link: IpcLink): void {
    this.#links.delete(link)
    const last = this.#last.get(link)
    this.#last.delete(link)
    if (last === undefined) return
    this.#adding = this.#adding.then(async () => {
      this.#stays = await whatStays([this.#stays, last])
    })
  }
}
