// The directory's contract suites on SQLite.

import { describe } from 'vitest'
import { credentialContract } from './contract/credentials.js'
import { directoryContract } from './contract/directory.js'
import { makeSqliteBench } from './fixture-directory.js'

describe('directory on SQLite', () => directoryContract(makeSqliteBench))
describe('credentials on SQLite', () => credentialContract(makeSqliteBench))
