// Opens a store on a data folder: the database, the file blobs, the search index, the background thread, and the
// handles over them. The pieces know nothing of each other but what is handed to them here.

import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileBlobs } from '../blobs/file-blobs.js'
import { defaultLimits, type StoreLimits } from '../limits.js'
import { stageInline, stageMessage } from '../messages/stage.js'
import type { AccountId, DomainId, MailboxChange } from '../model.js'
import type { BackupReport, Maintenance, MessageSource, StagedMessage, Store, SweepOptions } from '../store.js'
import { type AccountParts, SqliteAccount } from './account.js'
import { Background } from './background.js'
import { blobsName, databaseName } from './backup.js'
import { asRefusal, Connection, type Fault } from './connection.js'
import { SqliteDirectory } from './directory.js'
import { SqliteDomainView } from './domain-view.js'
import type { AroundFlush } from './flusher.js'
import { SqliteHeldMail } from './held-mail.js'
import { SqliteImports } from './imports.js'
import { KeywordNames } from './keywords.js'
import { OpenMailboxes } from './open-mailboxes.js'
import { Others } from './others.js'
import { SqliteOutbox } from './outbox.js'
import { noticePowerCut, thisBoot } from './power-cut.js'
import { migrate } from './schema.js'
import { searchMailbox } from './search.js'
import { SearchIndexReader } from './search-index.js'
import { threadingOf } from './search-threads.js'
import { type Sweep, sweep, sweepOrphans } from './sweep.js'
import { Writer } from './writer.js'

export const searchName = 'search.sqlite'

export interface OpenOptions {
  /** Made if it's missing. */
  readonly folder: string
  /** Called after each commit with the mailboxes it changed. Must not throw. */
  readonly ring?: (changes: readonly MailboxChange[]) => void
  /** Called after a commit that left something in the outbox to be sent now. Must not throw. */
  readonly ringOutbox?: () => void
  /** Trouble that no caller waits for: the background thread's. */
  readonly onError?: (error: Error) => void
  readonly limits?: Partial<StoreLimits>
  readonly now?: () => number
  /** Tests stand in for the disk with it. */
  readonly fault?: Fault
  /** Names the machine's present boot; a test says another one in the place of a power cut. */
  readonly boot?: string
  /** False where Litestream carries the WAL into the database file, and nobody else may. */
  readonly checkpoints?: boolean
  /** False for who leaves a store of an older program as it is: it's refused with `schema-older`. */
  readonly mayUpgrade?: boolean
  /** Benchmarks make the disk slow with it. */
  readonly aroundFlush?: AroundFlush
}

export async function openStore(options: OpenOptions): Promise<Store> {
  const {
    folder,
    ring = () => {},
    ringOutbox = () => {},
    onError = () => {},
    now = Date.now,
    fault,
    aroundFlush,
  } = options
  const limits = { ...defaultLimits, ...options.limits }
  const paths = {
    database: join(folder, databaseName),
    search: join(folder, searchName),
    blobs: join(folder, blobsName),
  }
  openFolder(folder)
  const { checkpoints = true, mayUpgrade = true, boot = thisBoot() } = options
  const db = openDatabase(paths.database, { fault, checkpoints, mayUpgrade, boot })
  const blobs = new FileBlobs({ folder: paths.blobs, fault })
  const background = new Background({ paths: { ...paths, checkpoints }, onError })
  const keywords = new KeywordNames(db)
  const others = new Others(db)
  const reader = new SearchIndexReader({
    searchPath: paths.search,
    onDamage: (error) => {
      onError(error)
      background.rebuildIndex()
    },
  })
  const open = new OpenMailboxes({
    db,
    others,
    blobs,
    keywords,
    search: (index, accounts, query, searchOptions) =>
      searchMailbox({ db, blobs, reader, index, keywords, accounts }, query, searchOptions),
    threading: (index, accounts, uids, threadOptions) =>
      threadingOf({ db, blobs, reader, index, keywords, accounts }, uids, threadOptions),
  })
  const writer = new Writer(db, {
    ...{ limits, now, blobs, ring, aroundFlush, followers: open, others },
    committed: () => background.committed(),
  })
  const staging = { limits, blobs, parseFile: background.parse.bind(background) }
  const stage = (source: MessageSource): StagedMessage | Promise<StagedMessage> => {
    const inline = source instanceof Uint8Array ? stageInline(source, staging) : undefined
    return inline ?? stageMessage(source, staging).catch(refusing(paths.blobs))
  }
  const parts: AccountParts = { db, writer, blobs, keywords, open, stage, now }
  return {
    directory: new SqliteDirectory({ db, writer, now }),
    outbox: new SqliteOutbox({ db, writer, blobs, now, onDue: ringOutbox }),
    held: new SqliteHeldMail({ db, blobs, keywords, writer }),
    imports: new SqliteImports({ db, writer, blobs }),
    account: (id: AccountId) => new SqliteAccount(id, parts),
    domainView: (id: DomainId) => new SqliteDomainView(id, parts),
    stage: async (source) => stage(source),
    maintenance: maintenance(background, { db, writer, blobs, now, limits }),
    async close() {
      await writer.close()
      await background.close()
      reader.close()
      db.close()
    },
  }
}

function maintenance(background: Background, parts: Sweep): Maintenance {
  return {
    backup: async ({ onFiles = () => {}, ...target }) =>
      (await background.maintain({ kind: 'backup', target }, ({ done, of }) => onFiles(done, of))) as BackupReport,
    verify: async () => (await background.maintain({ kind: 'verify' })) as string[],
    sweep: (options?: SweepOptions) => sweep(parts, options),
    sweepOrphans: () => sweepOrphans(parts),
    indexed: async () => {
      await background.ask({ kind: 'indexed' })
    },
  }
}

function openFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw asRefusal(error, folder)
  }
}

function openDatabase(
  path: string,
  {
    boot,
    mayUpgrade,
    ...options
  }: { fault: Fault | undefined; checkpoints: boolean; mayUpgrade: boolean; boot: string },
): Connection {
  const db = new Connection({ path, ...options })
  try {
    migrate(db, { mayUpgrade })
    // Names this store for good, so that a search index is never taken for another store's.
    db.prepare("INSERT OR IGNORE INTO meta VALUES ('store_id', ?)").run(randomBytes(16).toString('hex'))
    noticePowerCut(db, boot)
    return db
  } catch (error) {
    db.close()
    throw asRefusal(error, path)
  }
}

const refusing =
  (path: string) =>
  (error: unknown): never => {
    throw asRefusal(error, path)
  }
