// The server's key and the first start, as a part: once it has started, the store has an owner who can come in. Of
// processes that start at once on an empty folder, one does it; the others wait here until its secrets are printed.

import { randomBytes } from 'node:crypto'
import { hashGivenSecret } from '@postern/auth'
import type { Directory, Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { type Claim, claim } from '../claim.js'
import type { DataFolder } from '../data-folder.js'
import { type FirstStart, firstStart, isFirstStartOver } from '../first-start.js'
import { firstStartClaim } from '../limits.js'
import { OnceStarted } from './once-started.js'
import { serverKeyFor } from './server-key.js'

export interface OwnerPartOptions {
  readonly store: () => Store
  readonly folder: DataFolder
  readonly domain: string
  readonly adminKey: string | undefined
  readonly logger: Logger
}

export interface OwnerPart extends Part {
  firstStart(): FirstStart | undefined
  serverKey(): Uint8Array
}

export function createOwnerPart(options: OwnerPartOptions): OwnerPart {
  const { store, folder, domain, adminKey, logger } = options
  const first = new OnceStarted<FirstStart | undefined>('the first start')
  const key = new OnceStarted<Uint8Array>('the server key')
  let claimed: Claim | undefined
  let showing: Promise<unknown> | undefined

  const begin = async (directory: Directory): Promise<FirstStart | undefined> => {
    const serverKey = await serverKeyFor(directory, folder.serverKey)
    key.set(serverKey)
    const made = await firstStart({ directory, serverKey, domain, adminKey, random: randomBytes })
    await warnOfUnknownKey(directory, serverKey)
    return made
  }

  const warnOfUnknownKey = async (directory: Directory, serverKey: Uint8Array): Promise<void> => {
    if (adminKey === undefined) return
    const { publicPart } = hashGivenSecret(adminKey, serverKey)
    if ((await directory.findSecret(publicPart)) === undefined)
      logger.warn('POSTERN_ADMIN_KEY is not a key of this store: it is read on the first start only')
  }

  return {
    name: 'owner',
    firstStart: () => first.get(),
    serverKey: () => key.get(),
    async start() {
      const { directory } = store()
      if (!(await isFirstStartOver(directory))) {
        const onWait = () => logger.info('another process is doing the first start: waiting for it')
        claimed = await claim(folder.firstStart, { ...firstStartClaim, onWait })
      }
      try {
        const made = await begin(directory)
        if (made === undefined) await claimed?.finish()
        const shown = (): Promise<void> => {
          const noted = made?.shown().then(() => claimed?.finish()) ?? Promise.resolve()
          showing = noted.catch(() => undefined)
          return noted
        }
        first.set(made && { ...made, shown })
      } catch (error) {
        await claimed?.release()
        throw error
      }
    },
    /** Secrets that are printed are noted as shown before the store closes; else the next start would replace them. */
    async stop() {
      await showing
      await claimed?.release()
    },
  }
}
