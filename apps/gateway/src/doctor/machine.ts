// Checks of the machine: who may read the data folder, how much room there is, and whether the clock can be right.

import type { StatsFs } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Directory } from '@postern/mailbox-store'
import { sizeText } from '../cli/quantities.js'
import type { DataFolder } from '../data-folder.js'
import { doctor as limits } from '../limits.js'
import { broken, type Finding, ok, warning } from './finding.js'

export async function checkDataFolder({ path, database, serverKey, tls }: DataFolder): Promise<Finding[]> {
  const check = 'data folder'
  const findings: Finding[] = []
  const { mode, uid } = await stat(path)
  if (mode & 0o007) findings.push(broken(check, `${path} is open to every user of this machine.`, `chmod 700 ${path}`))
  else if (mode & 0o070) findings.push(warning(check, `${path} is open to its group.`, `chmod 700 ${path}`))
  const own = process.getuid?.()
  if (own !== undefined && own !== 0 && uid !== own)
    findings.push(
      warning(check, `${path} belongs to another user.`, `Run Postern as one user: chown -R ${own} ${path}`),
    )
  for (const file of [serverKey, join(tls, 'ca.key'), join(tls, 'key.pem')]) {
    const keyMode = (await stat(file).catch(noneIfMissing))?.mode ?? 0
    if (keyMode & 0o077) findings.push(broken(check, `${file} is open to other users.`, `chmod 600 ${file}`))
  }
  const databaseMode = (await stat(database).catch(noneIfMissing))?.mode ?? 0
  if (mode & 0o077 && databaseMode & 0o077)
    findings.push(broken(check, `${database} can be read by other users.`, `chmod 600 ${database}*`))
  const waiting = (await stat(`${database}-wal`).catch(noneIfMissing))?.size ?? 0
  if (waiting > limits.walBytesMax)
    findings.push(
      warning(
        check,
        `${sizeText(waiting)} wait beside the database to be carried into it.`,
        'See that Litestream runs, or take POSTERN_LITESTREAM away; look for programs that keep the database open.',
      ),
    )
  return findings.length > 0 ? findings : [ok(check, `${path} is its owner's alone.`)]
}

function noneIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

export const checkDisk = async (path: string): Promise<Finding> => diskFinding(path, await statfs(path))

export function diskFinding(
  path: string,
  { bavail, blocks, bsize }: Pick<StatsFs, 'bavail' | 'blocks' | 'bsize'>,
): Finding {
  const free = bavail * bsize
  const percent = blocks === 0 ? 100 : (100 * bavail) / blocks
  const says = `${sizeText(free)} are free (${percent.toFixed(0)} %) where ${path} is.`
  const fix = 'Free space on that disk: without room nothing new is accepted.'
  if (free < limits.freeBytesMin) return broken('disk', says, fix)
  return free < limits.freeBytesLow && percent < limits.freePercentLow ? warning('disk', says, fix) : ok('disk', says)
}

/** A clock that is behind what was written already is wrong; one that is ahead shows in the certificates. */
export async function checkClock(directory: Directory, now: number): Promise<Finding> {
  const [newest] = (await directory.listAudit({ newestFirst: true, limit: 1 })).items
  const behindMs = (newest?.at ?? 0) - now
  const time = new Date(now).toISOString()
  if (behindMs <= limits.clockBehindMsMax) return ok('clock', `It is ${time}, and nothing in the store is from later.`)
  return broken(
    'clock',
    `It is ${time} here, ${Math.round(behindMs / 60_000)} minutes before the last entry of the audit log.`,
    'Set the clock, and let NTP keep it.',
  )
}
