// The server's key and the first start, as a part: once it has started, the store has an owner who can come in.

import { randomBytes } from 'node:crypto'
import { hashGivenSecret } from '@postern/auth'
import type { Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { type FirstStart, firstStart } from '../first-start.js'
import { OnceStarted } from './once-started.js'
import { serverKeyFor } from './server-key.js'

export interface OwnerPartOptions {
  readonly store: () => Store
  readonly serverKeyPath: string
  readonly domain: string
  readonly adminKey: string | undefined
  readonly logger: Logger
}

export function createOwnerPart(options: OwnerPartOptions): Part & { firstStart(): FirstStart | undefined } {
  const { store, serverKeyPath, domain, adminKey, logger } = options
  const first = new OnceStarted<FirstStart | undefined>('the first start')
  return {
    name: 'owner',
    firstStart: () => first.get(),
    async start() {
      const { directory } = store()
      const serverKey = await serverKeyFor(directory, serverKeyPath)
      first.set(await firstStart({ directory, serverKey, domain, adminKey, random: randomBytes }))
      if (adminKey === undefined) return
      const { publicPart } = hashGivenSecret(adminKey, serverKey)
      if ((await directory.findSecret(publicPart)) === undefined)
        logger.warn('POSTERN_ADMIN_KEY is not a key of this store: it is read on the first start only')
    },
  }
}
