// Submissions with several texts, on SQLite.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/mailbox-store'
import { describe } from 'vitest'
import type { MakeEngine } from './contract/engine.js'
import { submittedTextsContract } from './contract/submitted-texts.js'

const makeEngine: MakeEngine = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-texts-'))
  return {
    open: (options) => openStore({ folder, ...options }),
    destroy: () => rm(folder, { recursive: true, force: true }),
  }
}

describe('texts of a submission on SQLite', () => submittedTextsContract(makeEngine))
