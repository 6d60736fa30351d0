// Who the audit log puts the command line's changes down to: the operator, by the name of the machine's user.

import { userInfo } from 'node:os'
import type { Actor } from '@postern/mailbox-store'

export const operator: Actor = { name: 'operator', network: `local user ${userName()}` }

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user that has no name.
    return String(process.getuid?.() ?? 'unknown')
  }
}
