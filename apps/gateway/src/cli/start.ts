// `postern start`: the gateway, until a signal ends it.

import { load } from '@postern/config'
import { announcementLines } from '../announcement.js'
import { startGateway } from '../start.js'
import { command } from './command.js'
import { one } from './options.js'

export const start = command('start', {
  about: 'start the gateway',
  options: { roles: one('<list>', 'what this process does, in place of POSTERN_ROLES') },
  run: ({ env, options: { roles } }) =>
    startGateway(load(roles === undefined ? env : { ...env, POSTERN_ROLES: roles }), process),
  json: ({ announcement }) => announcement,
  lines: ({ announcement }) => announcementLines(announcement),
  printed: ({ announced }) => announced(),
  exitCode: () => undefined,
})
