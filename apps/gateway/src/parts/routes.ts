// How mail leaves, and for whom, as a part: once it has started, every stored route and DKIM key has been opened with the server's
// key, and submission and relay may ask (`sending/sending-lookups.ts`).

import type { Config } from '@postern/config'
import type { Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import { refuseUnusable } from '../sending/check-stored.js'
import { sendingDefaults } from '../sending/defaults.js'
import { sealedRecords } from '../sending/sealed-records.js'
import { SendingLookups } from '../sending/sending-lookups.js'
import { OnceStarted } from './once-started.js'

export interface RoutesPartOptions {
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  readonly config: Config
}

export function createRoutesPart({
  store,
  serverKey,
  config,
}: RoutesPartOptions): Part & { lookups(): SendingLookups } {
  const opened = new OnceStarted<SendingLookups>('routes')
  return {
    name: 'routes',
    lookups: () => opened.get(),
    async start() {
      const { directory } = store()
      const sealed = sealedRecords(serverKey())
      await refuseUnusable(directory, { sealed, config })
      const elapsedMs = (): number => performance.now()
      const defaults = sendingDefaults(config)
      opened.set(new SendingLookups({ directory, sealed, fallback: config.route, defaults, elapsedMs }))
    },
  }
}
