// Whose a data folder is. Root may write into anybody's, and what it makes there is root's: the gateway, which runs as the folder's
// owner, couldn't open it. Whoever makes files there asks this before.

import { stat } from 'node:fs/promises'
import { Failure } from '@postern/service'

export async function refuseForeign(path: string): Promise<void> {
  const { uid } = await stat(path)
  if (process.geteuid?.() !== 0 || uid === 0) return
  throw new Failure(
    'not_owner',
    `${path} belongs to user ${uid}, and root's files in it would be no good to that one.`,
    {
      fix: `Run the command as that user: sudo -u '#${uid}' …; or give yourself the folder: chown -R 0 ${path}`,
    },
  )
}
