// The store as a part: opened on the data folder, rung through the doorbell after each commit, asked whether the process
// is ready, closed when nobody uses it any more.

import type { Doorbell } from '@postern/events'
import { openStore, type Store } from '@postern/mailbox-store'
import type { Part, Readiness } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { openingSame } from '../backup/usable-folder.js'
import { type DataFolder, holdsStore } from '../data-folder.js'
import { refuseForeign } from '../folder-owner.js'
import { runningGateways } from '../running.js'
import { OnceStarted } from './once-started.js'

export interface StorePartOptions {
  readonly folder: DataFolder
  readonly doorbell: Doorbell
  readonly messageBytesMax: number
  /** False where Litestream makes them. */
  readonly checkpoints: boolean
  readonly readiness: Readiness
  readonly logger: Logger
}

export function createStorePart({
  folder,
  doorbell,
  messageBytesMax,
  checkpoints,
  readiness,
  logger,
}: StorePartOptions): Part & { store(): Store } {
  const opened = new OnceStarted<Store>('the store')
  return {
    name: 'store',
    store: () => opened.get(),
    async start() {
      if (holdsStore(folder)) await refuseForeign(folder.path)
      const running = await runningGateways(folder.running).catch(() => undefined)
      const store = await openingSame(folder, () =>
        openStore({
          folder: folder.path,
          checkpoints,
          mayUpgrade: running?.length === 0,
          limits: { messageBytesMax },
          ring: (changes) => {
            for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
          },
          ringOutbox: () => doorbell.ring({ outbox: 'due' }),
          onError: (err) => logger.error({ err }, 'background work failed'),
        }),
      )
      opened.set(store)
      readiness.add('store', async () => {
        await store.directory.listTenants({ limit: 1 })
      })
    },
    stop: () => opened.get().close(),
  }
}
