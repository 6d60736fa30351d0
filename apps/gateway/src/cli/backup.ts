// `postern backup <folder>`: a copy of everything that can't be made again, taken beside a running gateway. The copy is
// itself a data folder: to restore it, start Postern on it. backup.json is written last, so that a folder without one is
// known to be half a backup.

import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@postern/service'
import { dataFolder } from '../data-folder.js'
import { version } from '../version.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'

interface Backup {
  readonly version: string
  readonly folder: string
  readonly finishedAt: string
  /** Database and message files. */
  readonly files: number
  readonly bytes: number
}

export const backup = command('backup', {
  about: 'copy store, key and certificates into an empty folder; works beside a running gateway',
  parameters: [['<folder>', 'an empty folder, or one that does not exist yet']],
  run: ({ env, args }) =>
    withStore(env, async ({ store, folder: from }): Promise<Backup> => {
      const to = dataFolder(args[0]!)
      const { bytes, files } = await store.maintenance.backup(to.path)
      await writeFileAtomic(to.serverKey, await readFile(from.serverKey, 'utf8'), { mode: 0o600 })
      // Links to certificates that somebody else renews are copied as what they lead to.
      const copying = { recursive: true, dereference: true, preserveTimestamps: true }
      if (existsSync(from.tls)) await cp(from.tls, to.tls, copying)
      const report = { version, folder: to.path, finishedAt: new Date().toISOString(), files, bytes }
      await writeFileAtomic(join(to.path, 'backup.json'), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 })
      return report
    }),
  lines: ({ folder, files, bytes }) => [
    `Copied ${files} files, ${bytes} bytes, the server key and certificates to ${folder}.`,
    'It holds every secret of this server: keep it as safe as the original.',
  ],
})
