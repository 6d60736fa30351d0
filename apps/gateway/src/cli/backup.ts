// `postern backup <folder>`: a copy of everything that can't be made again, taken beside a running gateway, and into the same
// folder again with little to copy. `postern restore` puts it in place. The exit code is 1 where a message's file is gone
// from the store: the backup is whole but for that.

import type { Manifest } from '../backup/backup-folder.js'
import { takeBackup } from '../backup/take-backup.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { one } from './options.js'
import { spokenNowAndThen } from './progress.js'
import { sizeText } from './quantities.js'

export type BackupSummary = ReturnType<typeof backupSummary>

/** All of backup.json but the uid spaces, of which there may be very many. */
export const backupSummary = (folder: string, { spaces, ...manifest }: Manifest) => ({
  folder,
  ...manifest,
  spaces: spaces.length,
})

export const backupLines = ({ holds, database, files, finishedAt }: BackupSummary): string[] => [
  `${holds.messages} messages in ${holds.mailboxes} mailboxes of ${holds.inboxes} inboxes, ${holds.queued} waiting to be sent; finished ${finishedAt}.`,
  `Database ${sizeText(database.bytes)}; ${files.count} files of large messages, ${sizeText(files.bytes)}.`,
]

export const backup = command('backup', {
  about:
    'copy store, key and certificates into a folder; works beside a running gateway, and again into the same folder',
  parameters: [['<folder>', 'one that does not exist yet, an empty one, or that of an earlier backup']],
  options: { since: one('<folder>', 'another backup, on the same disk: files that it has are linked') },
  run: ({ env, args, options: { since }, tell }) =>
    withStore(env, async ({ store, folder }) => {
      const to = args[0] as string
      const spoken = spokenNowAndThen(tell)
      const manifest = await takeBackup({
        ...{ store, from: folder, to, since },
        onDatabase: (bytes) => spoken(`Database: ${sizeText(bytes)}.`),
        onFiles: (done, of) => spoken(`Files: ${done} of ${of}.`),
      })
      return backupSummary(to, manifest)
    }),
  lines: (summary) => [
    ...backupLines(summary),
    `${summary.files.copied} files were copied, ${summary.files.linked} linked, ${summary.files.kept} were there.`,
    ...(summary.files.missing.length > 0
      ? ['', 'The store has lost files of messages: run `postern verify`. Everything else is in the backup.']
      : []),
    '',
    `${summary.folder} holds every secret of this server: keep it as safe as the original.`,
    `Check it: postern verify ${summary.folder}`,
  ],
  exitCode: ({ files }) => (files.missing.length === 0 ? 0 : 1),
})
