// `postern start`: the gateway, until a signal ends it. It's read from the disk by this command alone: the others are quick.

import cluster from 'node:cluster'
import { type Config, load } from '@postern/config'
import { announcementLines } from '../announcement.js'
import type { Started } from '../start.js'
import { command } from './command.js'
import { one } from './options.js'

export const start = command('start', {
  about: 'start the gateway',
  options: {
    roles: one('<list>', 'what it does, in place of POSTERN_ROLES'),
    workers: one('<count>', 'how many processes share its ports, in place of POSTERN_WORKERS'),
  },
  async run({ env, options }) {
    const config = load({
      ...env,
      ...given('POSTERN_ROLES', options.roles),
      ...given('POSTERN_WORKERS', options.workers),
    })
    if (cluster.isWorker) return startWorker(config)
    if (config.workers > 1) return supervise(config)
    const { startGateway } = await import('../start.js')
    return startGateway(config, { host: process })
  },
  json: ({ announcement }) => announcement,
  lines: ({ announcement }) => announcementLines(announcement),
  printed: ({ announced }) => announced(),
  exitCode: () => undefined,
})

const given = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value })

/** The first worker announces; the others have nothing to say. */
async function startWorker(config: Config): Promise<Started | undefined> {
  const [{ joinParent }, { startGateway }] = await Promise.all([import('../workers/worker.js'), import('../start.js')])
  const worker = await joinParent()
  const started = await startGateway(config, { host: process, worker })
  if (started === undefined) return undefined
  const { ports, announcement } = started
  const announced = async (): Promise<void> => {
    await started.announced()
    worker.ready(ports)
  }
  if (worker.announces) return { ports, announcement, announced }
  await announced()
  return undefined
}

async function supervise(config: Config): Promise<undefined> {
  const { Supervisor } = await import('../workers/supervisor.js')
  await new Supervisor(config).start()
  return undefined
}
