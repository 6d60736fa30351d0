// `postern verify`: reads everything and holds it against itself. One line for each finding; none is the good answer.

import { command } from './command.js'
import { withStore } from './existing-store.js'

export const verify = command('verify', {
  about: 'check the whole store; exit code 1 when something is wrong',
  run: ({ env }) => withStore(env, async ({ store }) => ({ findings: await store.maintenance.verify() })),
  lines: ({ findings }) => (findings.length === 0 ? ['Everything is sound.'] : findings),
  exitCode: ({ findings }) => (findings.length === 0 ? 0 : 1),
})
