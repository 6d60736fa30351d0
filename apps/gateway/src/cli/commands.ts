// Every command, in the order of the help. A command of one word is one file and one line here; those that share their first
// word are in the file of that name.

import { auditCommands } from './audit.js'
import { backup } from './backup.js'
import type { Command } from './command.js'
import { credentialCommands } from './credential.js'
import { doctor } from './doctor.js'
import { domainCommands } from './domain.js'
import { exportCommand } from './export.js'
import { importCommand } from './import.js'
import { inboxCommands } from './inbox.js'
import { inboxVerdicts } from './inbox-verdicts.js'
import { ingestKeyCommands } from './ingest-key.js'
import { queueCommands } from './queue.js'
import { restore } from './restore.js'
import { ruleCommands } from './rule.js'
import { sessionCommands } from './session.js'
import { settingsCommand } from './settings.js'
import { start } from './start.js'
import { status } from './status.js'
import { tenantCommands } from './tenant.js'
import { verify } from './verify.js'

/** The words that commands stand under. */
export const groups: Readonly<Record<string, string>> = {
  domain: 'the domains whose mail is here',
  inbox: 'the addresses that have an inbox, and their passwords',
  rule: 'what an inbox does with its mail by itself',
  credential: 'API keys and app passwords',
  queue: 'mail that has to leave, and what became of it',
  session: 'who is connected now',
  tenant: 'tenants and their environments',
  ingest: 'mail that is handed over by HTTP',
  'ingest key': 'who may hand mail over by HTTP',
  audit: 'who did what, and which logins were refused',
}

export const commands: readonly Command[] = [
  start,
  settingsCommand,
  status,
  doctor,
  verify,
  backup,
  restore,
  importCommand,
  exportCommand,
  ...domainCommands,
  ...inboxCommands,
  inboxVerdicts,
  ...ruleCommands,
  ...credentialCommands,
  ...queueCommands,
  ...sessionCommands,
  ...ingestKeyCommands,
  ...tenantCommands,
  ...auditCommands,
]
