// Every command, in the order of the help. A command is one file and one line here.

import { backup } from './backup.js'
import type { Command } from './command.js'
import { settingsCommand } from './settings.js'
import { start } from './start.js'
import { status } from './status.js'
import { verify } from './verify.js'

export const commands: readonly Command[] = [start, settingsCommand, status, verify, backup]
