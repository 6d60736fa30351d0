// Who may come in, as a part: the auth package's gate over this store's directory, the throttle, what is kept of refusals,
// and the watch that ends sessions whose login was taken back. Twice a second it looks whether the directory has changed, by
// this process or by another one on the same data; whatever changed is rung for through the doorbell (contract B4).

import {
  Gate,
  LiveAdmissions,
  networkOf,
  RefusalNotes,
  type Refused,
  secretHasher,
  shownUserName,
  Throttle,
  type TokenIssuer,
  tokenVerifier,
} from '@postern/auth'
import type { Counters, Doorbell } from '@postern/events'
import type { Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import type { Logger, Metrics } from '@postern/telemetry'
import { directoryWatchMs } from '../limits.js'
import { type DirectoryRecords, directoryLookups } from './directory-lookups.js'
import { DirectoryWatch } from './directory-watch.js'

export interface GatePartOptions {
  readonly store: () => Store
  readonly serverKey: () => Uint8Array
  /** Whose tokens are taken; none where there are none. */
  readonly issuers: readonly TokenIssuer[]
  readonly doorbell: Doorbell
  readonly counters: Counters
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export interface GatePart extends Part {
  readonly gate: Gate<DirectoryRecords>
  readonly live: LiveAdmissions<DirectoryRecords>
}

export function createGatePart(options: GatePartOptions): GatePart {
  const { store, serverKey, issuers, doorbell, counters, logger, metrics, clock } = options
  const hasher = () => secretHasher(serverKey())
  const onTrouble = (err: unknown): void => logger.warn({ err }, "an issuer's keys were not read")
  const notes = refusalNotes({ logger, clock })
  const gate = new Gate<DirectoryRecords>({
    lookups: directoryLookups(store),
    hasher,
    throttle: new Throttle({ counters, hasher, clock }),
    verifyToken: issuers.length === 0 ? undefined : tokenVerifier({ issuers, clock, onTrouble }),
    onRefused(refused) {
      metrics.loginsRefused.inc({ protocol: refused.question.protocol, cause: refused.cause })
      notes.note(refused)
      keep(store(), refused).catch((err: unknown) => logger.warn({ err }, 'refused login not kept'))
    },
    clock,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
  const live = new LiveAdmissions<DirectoryRecords>({
    gate,
    clock,
    onError: (err) => logger.error({ err }, 'a session was not asked for again'),
  })
  const watch = new DirectoryWatch({
    directory: () => store().directory,
    onChanged: (directory) => doorbell.ring({ directory }),
    onError: (err) => logger.error({ err }, 'the directory was not looked at'),
  })
  const stopListening = doorbell.listenToDirectory((publicId) => live.changed(publicId))
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'gate',
    gate,
    live,
    async start() {
      await watch.start()
      timer = setInterval(() => {
        notes.tick()
        live.tick()
        void watch.look()
      }, directoryWatchMs)
    },
    async stop() {
      clearInterval(timer)
      stopListening()
      await watch.stop()
    },
  }
}

function refusalNotes({ logger, clock }: Pick<GatePartOptions, 'logger' | 'clock'>): RefusalNotes<DirectoryRecords> {
  return new RefusalNotes({
    clock,
    write: ({ cause, correlation, question: { protocol, address, user }, credential }) =>
      logger.warn(
        {
          correlation,
          protocol,
          network: address,
          user: shownUserName(user ?? ''),
          cause,
          credential: credential?.publicId,
        },
        'login refused',
      ),
    writeRest: (rest) => logger.warn(rest, 'more logins refused within a minute'),
  })
}

/** For its owner: the tenant of the credential, or else of the inbox that was meant. */
async function keep(
  { directory }: Store,
  { cause, correlation, question, credential, place }: Refused<DirectoryRecords>,
) {
  const { protocol, address, user = '' } = question
  const environment = credential?.environment ?? place?.domain.environment
  const tenant = environment === undefined ? undefined : (await directory.getEnvironment(environment)).tenant
  const network = networkOf(address)
  await directory.noteRefusedLogin({ cause, protocol, user, address, network, correlation, credential, tenant })
}
