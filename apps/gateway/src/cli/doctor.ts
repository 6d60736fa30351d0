// `postern doctor`: looks at everything that has to be right for mail clients to come in, and says what to do where it isn't.
// Exit code 1 when something is broken; a warning leaves it at 0.

import type { Domain } from '@postern/mailbox-store'
import { createLookup } from '../dns/lookup.js'
import { checkCertificate } from '../doctor/certificate.js'
import { checkDomains } from '../doctor/domains.js'
import { checkDoors, placeOf } from '../doctor/doors.js'
import type { Finding } from '../doctor/finding.js'
import { checkLogins } from '../doctor/login.js'
import { checkClock, checkDataFolder, checkDisk } from '../doctor/machine.js'
import { checkQueue } from '../doctor/queue.js'
import { checkRedis } from '../doctor/redis.js'
import { dns } from '../limits.js'
import { runningGateways } from '../running.js'
import { domainSending } from '../sending/domain-sending.js'
import { command } from './command.js'
import { recordLines } from './domain-verify.js'
import { type OpenStore, withStore } from './existing-store.js'
import { one } from './options.js'
import { domainOf, inboxOf } from './references.js'
import { sealedOf } from './sealing.js'

export const doctor = command('doctor', {
  about:
    'check folder, disk, clock, ports, certificate, DNS, a login, routes and queue, and say what to do; exit code 1 when something is broken',
  options: {
    inbox: one('<address>', 'log in to this one; without it to the first that can be'),
    domain: one('<domain>', 'look only at the DNS records of this one'),
  },
  run: ({ env, options: { inbox, domain } }) =>
    withStore(env, async (open) => {
      const { directory } = open.store
      const named = {
        inbox: inbox === undefined ? undefined : await inboxOf(directory, inbox),
        domain: domain === undefined ? undefined : await domainOf(directory, domain),
      }
      const findings = await examine(open, named)
      return { ok: findings.every(({ state }) => state !== 'broken'), findings }
    }),
  lines: ({ ok, findings }) => [
    ...findings.flatMap(linesOf),
    '',
    ok ? 'Nothing is broken.' : `${findings.filter(({ state }) => state === 'broken').length} of these are broken.`,
  ],
  exitCode: ({ ok }) => (ok ? 0 : 1),
})

type Named = {
  readonly inbox: Awaited<ReturnType<typeof inboxOf>> | undefined
  readonly domain: Awaited<ReturnType<typeof domainOf>> | undefined
}

async function examine(open: OpenStore, named: Named): Promise<Finding[]> {
  const { config, folder, store } = open
  const { directory } = store
  const now = Date.now()
  const gateways = await runningGateways(folder.running)
  const { checkRoutes } = await import('../doctor/routes.js')
  const hasSubmission = placeOf('submissions', gateways) !== undefined
  const lookup = createLookup({ ...dns, servers: config.dnsServers })
  const sealed = () => sealedOf(open)
  const sendingOf = (domain: Domain) => domainSending(domain, { directory, sealed, fallback: config.route })
  return [
    ...(await checkDataFolder(folder)),
    await checkDisk(folder.path),
    await checkClock(directory, now),
    ...(await checkDoors(config, gateways)),
    ...(await checkCertificate({ config, folder, place: placeOf('imaps', gateways), now })),
    ...(await checkLogins({ open, gateways, inbox: named.inbox, now })),
    ...(await checkRoutes({ config, directory, lookup, sealed })),
    await checkQueue(store.outbox, { gateways, now }),
    await checkRedis(config, gateways),
    ...(await checkDomains({
      directory,
      lookup,
      hostname: config.hostname,
      only: named.domain,
      hasSubmission,
      sendingOf,
    })),
  ]
}

const marks = { ok: 'ok', warning: 'WARNING', broken: 'BROKEN', skipped: '-' } as const
const markWidth = 9

function linesOf({ check, state, says, fix, records = [] }: Finding): string[] {
  const indent = ' '.repeat(markWidth)
  return [
    `${marks[state].padEnd(markWidth)}${check}: ${says}`,
    ...(fix === undefined ? [] : [`${indent}→ ${fix}`]),
    ...(state === 'ok' ? [] : recordLines(records.filter((record) => record.state !== 'right'))).map(
      (line) => `${indent}  ${line}`,
    ),
  ]
}
