// The store of the data folder, for a command that works on it while a gateway may be running on it. A folder without a
// store is said to be one, and not filled with an empty one; only what a server may begin with makes it, in an empty folder.

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { type Config, load } from '@postern/config'
import { openStore, type Store } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { openingSame, refuseUnusable } from '../backup/usable-folder.js'
import { type DataFolder, dataFolder, holdsStore } from '../data-folder.js'
import { refuseMissingEngines } from '../engines.js'
import { storedBytesMax } from '../message-sizes.js'
import type { Environment } from './command.js'
import { openBell } from './ringing.js'

export interface OpenStore {
  readonly store: Store
  readonly folder: DataFolder
  readonly config: Config
  close(): Promise<void>
}

export interface OpenStoreOptions {
  /** A store is made where the data folder is empty or isn't there yet. */
  readonly mayMake?: boolean
  /** Processes that have a mailbox open hear of what is changed, where Redis is set; without it they look now and then. */
  readonly rings?: boolean
}

export async function openExisting(
  env: Environment,
  { mayMake = false, rings = false }: OpenStoreOptions = {},
): Promise<OpenStore> {
  const config = load(env)
  refuseMissingEngines(config)
  const folder = dataFolder(config.dataDir)
  refuseUnusable(folder)
  if (!holdsStore(folder) && !(mayMake && (await isEmpty(folder.path)))) {
    const fix = 'Set POSTERN_DATA_DIR to the folder of your gateway, or start it there first.'
    throw new Failure('no_store', `There is no store in ${folder.path}.`, { fix })
  }
  const limits = { messageBytesMax: storedBytesMax(config) }
  const bell = rings && config.redisUrl !== undefined ? await openBell(config.redisUrl) : undefined
  const store = await openingSame(folder, () =>
    openStore({
      ...{ folder: folder.path, limits, checkpoints: !config.litestream, ...(bell && { ring: bell.ring }) },
      // A command of a new version may be asked something while the old one serves, but not where no gateway has ever run: in a
      // backup of old that was made a data folder by hand.
      mayUpgrade: !existsSync(folder.running),
    }),
  )
  const close = async (): Promise<void> => {
    await store.close()
    await bell?.close()
  }
  return { store, folder, config, close }
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
    throw error
  }
}

export async function withStore<Result>(
  env: Environment,
  work: (open: OpenStore) => Promise<Result>,
  options: OpenStoreOptions = {},
): Promise<Result> {
  const open = await openExisting(env, options)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}
