// The directory's contract suites on SQLite.

import { describe } from 'vitest'
import { auditContract } from './contract/audit.js'
import { credentialContract } from './contract/credentials.js'
import { directoryContract } from './contract/directory.js'
import { ingestKeysContract } from './contract/ingest-keys.js'
import { rulesContract } from './contract/rules.js'
import { sendingContract } from './contract/sending.js'
import { makeSqliteBench } from './fixture-directory.js'

describe('directory on SQLite', () => directoryContract(makeSqliteBench))
describe('audit on SQLite', () => auditContract(makeSqliteBench))
describe('credentials on SQLite', () => credentialContract(makeSqliteBench))
describe('ingest keys on SQLite', () => ingestKeysContract(makeSqliteBench))
describe('rules on SQLite', () => rulesContract(makeSqliteBench))
describe('sending on SQLite', () => sendingContract(makeSqliteBench))
