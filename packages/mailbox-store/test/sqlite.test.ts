// The SQLite engine under the contract suites.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { describe } from 'vitest'
import type { MakeEngine } from './contract/engine.js'
import { faultContract } from './contract/faults.js'
import { handlesContract } from './contract/handles.js'
import { importsContract } from './contract/imports.js'
import { joinedContract } from './contract/joined.js'
import { mailboxContract } from './contract/mailboxes.js'
import { messageContract } from './contract/messages.js'
import { sentMergeContract } from './contract/sent-merge.js'

const makeEngine: MakeEngine = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-store-'))
  return {
    open: (options) => openStore({ folder, ...options }),
    destroy: () => rm(folder, { recursive: true, force: true }),
  }
}

describe('SQLite', () => {
  mailboxContract(makeEngine)
  messageContract(makeEngine)
  joinedContract(makeEngine)
  faultContract(makeEngine)
  handlesContract(makeEngine)
  sentMergeContract(makeEngine)
  importsContract(makeEngine)
})
