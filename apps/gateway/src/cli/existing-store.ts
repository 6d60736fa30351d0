// The store of the data folder, for a command that works on it while a gateway may be running on it. A folder without a
// store is said to be one, and not filled with an empty one.

import { type Config, load } from '@postern/config'
import { openStore, type Store } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { type DataFolder, dataFolder, holdsStore } from '../data-folder.js'
import { refuseMissingEngines } from '../engines.js'
import type { Environment } from './command.js'

export interface OpenStore {
  readonly store: Store
  readonly folder: DataFolder
  readonly config: Config
  close(): Promise<void>
}

export async function openExisting(env: Environment): Promise<OpenStore> {
  const config = load(env)
  refuseMissingEngines(config)
  const folder = dataFolder(config.dataDir)
  if (!holdsStore(folder)) {
    const fix = 'Set POSTERN_DATA_DIR to the folder of your gateway, or start it there first.'
    throw new Failure('no_store', `There is no store in ${folder.path}.`, { fix })
  }
  const store = await openStore({ folder: folder.path })
  return { store, folder, config, close: () => store.close() }
}

export async function withStore<Result>(env: Environment, work: (open: OpenStore) => Promise<Result>): Promise<Result> {
  const open = await openExisting(env)
  try {
    return await work(open)
  } finally {
    await open.close()
  }
}
