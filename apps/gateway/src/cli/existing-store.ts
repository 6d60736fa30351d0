// The store of the data folder, for a command that looks at it while a gateway may be running on it. A folder without a
// store is said to be one, and not filled with an empty one.

import { load } from '@postern/config'
import { openStore, type Store } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { type DataFolder, dataFolder, holdsStore } from '../data-folder.js'
import { refuseMissingEngines } from '../engines.js'
import type { Invocation } from './command.js'

export async function withStore<Result>(
  env: Invocation['env'],
  work: (store: Store, folder: DataFolder) => Promise<Result>,
): Promise<Result> {
  const config = load(env)
  refuseMissingEngines(config)
  const folder = dataFolder(config.dataDir)
  if (!holdsStore(folder)) {
    const fix = 'Set POSTERN_DATA_DIR to the folder of your gateway, or start it there first.'
    throw new Failure('no_store', `There is no store in ${folder.path}.`, { fix })
  }
  const store = await openStore({ folder: folder.path })
  try {
    return await work(store, folder)
  } finally {
    await store.close()
  }
}
