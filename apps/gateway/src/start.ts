// A gateway from its settings to a running process: its parts in the order in which they start; the lifecycle stops them
// in reverse. A part that needs what an earlier one opened is handed a way to it. A start that fails throws what was
// wrong when everything is stopped again; the caller then ends the process.

import { randomBytes } from 'node:crypto'
import { type Config, roleNames } from '@postern/config'
import { secretsIn } from '@postern/routing'
import { createReadiness, type HostProcess, healthRoutes, Lifecycle, type Part } from '@postern/service'
import { createLogger, createMetrics, type Logger } from '@postern/telemetry'
import { type Announcement, announcement } from './announcement.js'
import { dataFolder } from './data-folder.js'
import { refuseMissingEngines } from './engines.js'
import { holdingIn } from './holding.js'
import { readinessTimeoutMs, stopTimeoutMs } from './limits.js'
import { storedBytesMax } from './message-sizes.js'
import { createCertificatesPart } from './parts/certificates.js'
import { errorPage } from './parts/error-page.js'
import { createEventsPart } from './parts/events.js'
import { createGatePart } from './parts/gate.js'
import { createHttpPart } from './parts/http.js'
import { createImapPart } from './parts/imap.js'
import { createInboundPart } from './parts/inbound.js'
import { ingestRoutesOf } from './parts/ingest.js'
import { createLogin, createSubmissionLogin } from './parts/login.js'
import { createOwnerPart } from './parts/owner.js'
import { createRelayPart } from './parts/relay.js'
import { createRoutesPart } from './parts/routes.js'
import { createRulesPart } from './parts/rules.js'
import { createSessionsPart } from './parts/sessions.js'
import { createStorePart } from './parts/store.js'
import { createSubmissionPart } from './parts/submission.js'
import { createSweeper } from './parts/sweeper.js'
import { apart, createRunningPart, type Ports, runningGateways } from './running.js'
import { version } from './version.js'
import type { WorkerOfMany } from './workers/worker.js'

export interface Surroundings {
  readonly host: HostProcess
  /** Where this process is one of several on the same ports. */
  readonly worker?: WorkerOfMany
}

export interface Started {
  readonly ports: Ports
  readonly announcement: Announcement
  /** To be called when the announcement is out: its secrets are then never shown again. */
  announced(): Promise<void>
}

const clock = Date.now

/** Undefined when a signal came before everything was up: the process is on its way out. */
export async function startGateway(config: Config, { host, worker }: Surroundings): Promise<Started | undefined> {
  refuseMissingEngines(config)
  const folder = dataFolder(config.dataDir)
  const { path } = folder
  const { bind, domain, adminKey, httpPort } = config
  const logger = createLogger({ level: config.logLevel, secrets: givenSecrets(config) })
  const metrics = createMetrics()
  const readiness = createReadiness({ checkTimeoutMs: readinessTimeoutMs, logger })

  const events = createEventsPart({ redis: config.redisUrl, parent: worker?.link, readiness, logger, metrics })
  const { doorbell, counters, sending: underWay } = events
  const storePart = createStorePart({
    folder,
    doorbell,
    messageBytesMax: storedBytesMax(config),
    checkpoints: !config.litestream,
    readiness,
    logger,
  })
  const { store } = storePart
  const owner = createOwnerPart({ store, folder, domain, adminKey, logger })
  const tls = createCertificatesPart({ config, worker, clock, logger, metrics })
  const { isKeeper = () => true, placesFor, allMetrics } = worker ?? {}
  const sweeper = createSweeper({ store, isKeeper, auditDays: config.auditDays, clock, logger })
  // Stopped before the doors: who waits for a submission then goes on.
  const submitting: Part = { name: 'sending', stop: () => underWay.close() }
  const { serverKey } = owner
  const gatePart = createGatePart({
    ...{ store, serverKey, doorbell, counters, logger, metrics, clock },
    issuers: config.oauthIssuers,
  })
  const sending = createRoutesPart({ store, serverKey, config })
  const sends = config.roles.includes('submission') || config.roles.includes('relay')
  const rules = createRulesPart({ config, store, lookups: () => sending.lookups(), logger, metrics, clock })
  const { planning } = rules
  const mailParts = sends || config.roles.includes('inbound') ? [sending, rules] : []
  const entrance = { gate: gatePart.gate, live: gatePart.live, store, logger, clock }
  const { certificates } = tls
  const imap = createImapPart({
    ...{ config, store, doorbell, counters, certificates, placesFor, logger, metrics, clock },
    sending: underWay,
    login: createLogin(entrance),
  })
  const holding = holdingIn(folder.incoming)
  const submission = createSubmissionPart({
    ...{ config, store, serverKey, certificates, holding, placesFor, planning, logger, metrics, clock },
    login: createSubmissionLogin(entrance),
    lookups: () => sending.lookups(),
    sending: underWay,
  })
  const relay = createRelayPart({
    ...{ config, store, serverKey, doorbell, planning, logger, metrics, clock },
    lookups: () => sending.lookups(),
  })
  const inbound = createInboundPart({
    ...{ config, store, serverKey, certificates, counters, holding, placesFor, planning, logger, metrics, clock },
  })
  const hasImap = config.roles.includes('imap')
  const hasSubmission = config.roles.includes('submission')
  const receives = config.roles.includes('inbound')
  const doors = [...(hasImap ? [imap] : []), ...(hasSubmission ? [submission] : []), ...(receives ? [inbound] : [])]
  const leaving = config.roles.includes('relay') ? [relay] : []
  const ingest = receives ? ingestRoutesOf({ config, store, serverKey, inbound: () => inbound.context() }) : []
  const routes = [...healthRoutes({ readiness, metrics, allMetrics }), errorPage, ...ingest]
  const http = createHttpPart({ host: bind, port: httpPort, routes, readiness, logger })
  const imapPorts = () => (hasImap ? { imaps: imap.port(), imap: imap.clearPort() } : {})
  const ports = () => ({
    ...imapPorts(),
    ...(hasSubmission ? submission.ports() : {}),
    ...(receives ? inbound.ports() : {}),
    http: http.port(),
  })
  const id = randomBytes(8).toString('hex')
  const live = [hasImap && imap, hasSubmission && submission, receives && inbound].filter((each) => each !== false)
  const sessions = createSessionsPart({
    ...{ id, folder: folder.running, peers: events.peers, serverKey, logger, clock },
    doors: live.map((each) => each.sessions),
  })
  const supervisor = worker === undefined ? undefined : process.ppid
  const running = createRunningPart({ folder: folder.running, clock, ports, id, bind, roles: config.roles, supervisor })
  const own = worker === undefined ? [] : [worker.part({ metrics, logger })]
  const bases = [...own, events, storePart, owner, ...mailParts]
  const parts = [...bases, gatePart, tls, sweeper, ...doors, submitting, ...leaving, http, sessions, running]
  const lifecycle = new Lifecycle(parts, { logger, drainMs: config.drainMs, stopTimeoutMs, clock, host })
  if (!(await lifecycle.start())) return undefined

  const first = owner.firstStart()
  const { caFile } = tls.certificates()
  const said = announcement({ host: bind, hostname: config.hostname, ports: ports(), dataFolder: path, caFile }, first)
  const missing = config.roles.filter((role) => role === 'api')
  if (config.roles.length < roleNames.length && missing.length > 0)
    logger.warn({ roles: missing }, 'this version does not have these roles yet')
  if (config.redisUrl === undefined) await warnOfOthers(folder.running, logger)
  logger.info({ version, health: said.health, dataFolder: path }, 'running')
  return { ports: ports(), announcement: said, announced: async () => first?.shown() }
}

async function warnOfOthers(folder: string, logger: Logger): Promise<void> {
  const gateways = await runningGateways(folder)
  if (apart(gateways) < 2) return
  const pids = gateways.map(({ pid }) => pid)
  logger.warn(
    { pids },
    'other gateways run on this data folder: without POSTERN_REDIS_URL clients hear late of what they do',
  )
}

/** Secrets of no form that a log would know them by. */
function givenSecrets({ adminKey, redisUrl, route }: Config): string[] {
  const sentinelPassword = redisUrl?.kind === 'sentinel' ? redisUrl.sentinelPassword : undefined
  const ofRedis = [redisUrl?.password, sentinelPassword]
  return [adminKey, ...ofRedis, ...secretsIn(route)].filter((secret) => secret !== undefined)
}
