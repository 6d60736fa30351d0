// The processes that a command can ask: those that have their file in the data folder, and, where Redis is set and there, those that it
// knows of. Without Redis those of this machine are asked all the same, and it's said why no other is.

import { sealer } from '@postern/auth'
import { RedisLink, redisPeers } from '@postern/events'
import type { OpenStore } from '../cli/existing-store.js'
import { questionTimeoutMs } from '../limits.js'
import { serverKeyFor } from '../parts/server-key.js'
import { type AskedProcess, askedProcesses } from './asked-processes.js'

export interface Reached {
  readonly processes: readonly AskedProcess[]
  /** Why Redis is away, where it's set. */
  readonly trouble: string | undefined
  close(): Promise<void>
}

export async function reachProcesses({ store, folder, config }: OpenStore): Promise<Reached> {
  const options = {
    ...{ folder: folder.running, clock: Date.now, timeoutMs: questionTimeoutMs },
    sealer: sealer(await serverKeyFor(store.directory, folder.serverKey)),
  }
  const alone = () => askedProcesses({ ...options, peers: undefined })
  if (config.redisUrl === undefined)
    return { processes: await alone(), trouble: undefined, close: async () => undefined }
  const link = new RedisLink({ server: config.redisUrl, onState: () => undefined })
  const peers = redisPeers({ link, onError: () => undefined })
  const close = async (): Promise<void> => {
    await peers.close()
    link.close()
  }
  try {
    if (!(await link.opened(questionTimeoutMs))) throw new Error(link.reason)
    return { processes: await askedProcesses({ ...options, peers }), trouble: undefined, close }
  } catch (error) {
    return { processes: await alone(), trouble: error instanceof Error ? error.message : String(error), close }
  }
}
