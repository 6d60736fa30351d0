// `postern start`: the gateway, until a signal ends it. It's read from the disk by this command alone: the others are quick.

import { load } from '@postern/config'
import { announcementLines } from '../announcement.js'
import { command } from './command.js'
import { one } from './options.js'

export const start = command('start', {
  about: 'start the gateway',
  options: { roles: one('<list>', 'what this process does, in place of POSTERN_ROLES') },
  async run({ env, options: { roles } }) {
    const config = load(roles === undefined ? env : { ...env, POSTERN_ROLES: roles })
    const { startGateway } = await import('../start.js')
    return startGateway(config, process)
  },
  json: ({ announcement }) => announcement,
  lines: ({ announcement }) => announcementLines(announcement),
  printed: ({ announced }) => announced(),
  exitCode: () => undefined,
})
