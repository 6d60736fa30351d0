// `postern verify`: reads everything of the store, or of a backup, and holds it against itself. One line for each finding;
// none is the good answer.

import { existsSync } from 'node:fs'
import { loadServerKey, ServerKeyDamaged } from '@postern/auth'
import { fileDigest, verifyFolder } from '@postern/mailbox-store'
import { type Backup, openBackup } from '../backup/backup-folder.js'
import { type BackupSummary, backupLines, backupSummary } from './backup.js'
import { command } from './command.js'
import { withStore } from './existing-store.js'

interface Verified {
  readonly findings: readonly string[]
  readonly backup?: BackupSummary
}

export const verify = command('verify', {
  about: 'check the whole store, or a backup; exit code 1 when something is wrong',
  parameters: [['[folder]', 'of a backup; without it the store of the data folder']],
  run: ({ env, args: [folder] }): Promise<Verified> =>
    folder === undefined
      ? withStore(env, async ({ store }) => ({ findings: await store.maintenance.verify() }))
      : verifyBackup(folder),
  lines: ({ findings, backup }) => [
    ...(backup === undefined ? [] : backupLines(backup)),
    ...(findings.length === 0 ? ['Everything is sound.'] : findings),
  ],
  exitCode: ({ findings }) => (findings.length === 0 ? 0 : 1),
})

async function verifyBackup(folder: string): Promise<Verified> {
  const backup = await openBackup(folder)
  return {
    backup: backupSummary(backup.path, backup.manifest),
    findings: [...(await keyFindings(backup)), ...inside(backup)],
  }
}

const inside = ({ database, files, manifest }: Backup): string[] => [
  ...(fileDigest(database) === manifest.database.sha256 ? [] : ['database: its bytes are not those that were written']),
  ...verifyFolder({ database, files }),
]

async function keyFindings({ serverKey, manifest }: Backup): Promise<string[]> {
  if (!existsSync(serverKey))
    return manifest.holds.credentials === 0 ? [] : [`${serverKey} is missing: without it no password works`]
  try {
    await loadServerKey(serverKey)
    return []
  } catch (error) {
    if (error instanceof ServerKeyDamaged) return [`${error.message}: no password works with it`]
    throw error
  }
}
