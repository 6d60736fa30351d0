// A gateway from its settings to a running process: every part in the order it starts, stopped in reverse by the
// lifecycle. Parts that need what an earlier one opened are handed a way to it. A start that fails throws what was
// wrong, with everything stopped again; then the caller ends the process.

import { randomBytes } from 'node:crypto'
import { hashGivenSecret } from '@postern/auth'
import { type Config, roleNames } from '@postern/config'
import { localDoorbell } from '@postern/events'
import { openStore, type Store } from '@postern/mailbox-store'
import {
  type Certificates,
  createHttp,
  createLifecycle,
  createReadiness,
  type HostProcess,
  healthRoutes,
  openCertificates,
  type Part,
} from '@postern/service'
import { createLogger, createMetrics } from '@postern/telemetry'
import { type Announcement, announcement } from './announcement.js'
import { dataFolder } from './data-folder.js'
import { refuseMissingEngines } from './engines.js'
import { type FirstStart, firstStart } from './first-start.js'
import * as limits from './limits.js'
import { serverKeyFor } from './server-key.js'
import { createSweeper } from './sweeper.js'
import { version } from './version.js'

export interface Started {
  readonly announcement: Announcement
  /** To be called when the announcement is out: its secrets are then never shown again. */
  announced(): Promise<void>
}

/** Undefined when a signal came before everything was up: the process is on its way out. */
export async function startGateway(config: Config, host: HostProcess): Promise<Started | undefined> {
  refuseMissingEngines(config)
  const folder = dataFolder(config.dataDir)
  const clock = Date.now
  const logger = createLogger({ level: config.logLevel, secrets: config.adminKey ? [config.adminKey] : [] })
  const metrics = createMetrics()
  const readiness = createReadiness({ checkTimeoutMs: limits.readinessTimeoutMs, logger })
  const doorbell = localDoorbell({ onError: (err) => logger.error({ err }, 'a listener failed') })

  let opened: Store | undefined
  let first: FirstStart | undefined
  let certificates: Certificates | undefined
  const store = (): Store => opened!

  const storePart: Part = {
    name: 'store',
    async start() {
      opened = await openStore({
        folder: folder.path,
        ring: (changes) => {
          for (const { mailbox, modSeq } of changes) doorbell.ring({ mailbox, modSeq })
        },
        onError: (err) => logger.error({ err }, 'background work failed'),
      })
      readiness.add('store', async () => void (await store().directory.listTenants({ limit: 1 })))
    },
    async stop() {
      await doorbell.close()
      await store().close()
    },
  }

  const firstStartPart: Part = {
    name: 'first start',
    async start() {
      const { directory } = store()
      const { domain, adminKey } = config
      const serverKey = await serverKeyFor(directory, folder.serverKey)
      first = await firstStart({ directory, serverKey, domain, adminKey, random: randomBytes })
      if (adminKey === undefined || first !== undefined) return
      const isKnown = await directory.findSecret(hashGivenSecret(adminKey, serverKey).publicPart)
      if (!isKnown) logger.warn('POSTERN_ADMIN_KEY is no key of this store: it is read on the first start only')
    },
  }

  const certificatesPart: Part = {
    name: 'certificates',
    async start() {
      const { dataDir, hostname, tlsCert, tlsKey } = config
      const files = tlsCert && tlsKey ? { cert: tlsCert, key: tlsKey } : undefined
      const watchMs = limits.certificateWatchMs
      certificates = await openCertificates({ dataDir, hostname, files, watchMs, clock, logger, metrics })
    },
    stop: () => certificates?.close(),
  }

  const http = createHttp({
    ...limits.http,
    host: config.bind,
    port: config.httpPort,
    portSetting: 'POSTERN_HTTP_PORT',
    handlers: healthRoutes({ readiness, metrics }),
    logger,
  })
  const httpPart: Part = {
    name: 'http',
    start: () => http.start(),
    async drain() {
      readiness.drain()
      await http.drain()
    },
    stop: () => http.stop(),
  }

  let failure: unknown
  const reporting = (part: Part): Part => ({
    ...part,
    start: async () => {
      try {
        await part.start?.()
      } catch (error) {
        failure = error
        throw error
      }
    },
  })
  const sweeper = createSweeper({ store, logger, clock })
  const lifecycle = createLifecycle([storePart, firstStartPart, certificatesPart, sweeper, httpPart].map(reporting), {
    logger,
    drainMs: config.drainMs,
    stopTimeoutMs: limits.stopTimeoutMs,
    clock,
    host: {
      on: host.on.bind(host),
      removeListener: host.removeListener.bind(host),
      // What went wrong at the start is told by who called.
      exit: (code) => {
        if (failure === undefined) host.exit(code)
      },
    },
    print: () => undefined,
  })

  const isUp = await lifecycle.start()
  if (failure !== undefined) throw failure
  if (!isUp) return undefined

  const places = { host: config.bind, httpPort: http.port, dataFolder: folder.path, caFile: certificates?.caFile }
  const said = announcement(places, first)
  const missing = config.roles.length < roleNames.length ? config.roles : []
  if (missing.length > 0) logger.warn({ roles: missing }, 'these roles are not part of this version')
  logger.info({ version, health: said.health, dataFolder: said.dataFolder }, 'running')
  return { announcement: said, announced: async () => first?.shown() }
}
