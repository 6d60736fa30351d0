// A relay with a process of its own, to be killed: the folder of the store and the port of the smart host are its words.

import { localDoorbell } from '@postern/events'
import { openStore } from '@postern/mailbox-store'
import { createTransport, startRelay } from '@postern/relay'
import { createLogger, createMailLog, createMetrics } from '@postern/telemetry'

const [folder, port] = process.argv.slice(2)
const logger = createLogger({ level: 'silent' })
const metrics = createMetrics({ processMetrics: false })
const doorbell = localDoorbell({ onError: () => {} })
const store = await openStore({ folder, ringOutbox: () => doorbell.ring({ outbox: 'due' }) })
const route = {
  kind: 'smart-host',
  host: '127.0.0.1',
  port: Number(port),
  tls: 'none',
  user: undefined,
  secret: undefined,
}
const deps = { hostname: 'mail.example.test', dnsServers: [], allowsPrivateAddresses: true, logger }
await startRelay({
  ...{ store, doorbell, logger, metrics, hostname: 'mail.example.test' },
  mailLog: createMailLog({ logger, metrics }),
  clock: Date.now,
  random: Math.random,
  routeOf: async () => ({ route }),
  localOf: async () => undefined,
  dkimOf: async () => [],
  noticePlaceOf: async ({ account }) => account,
  transportFor: (way) => createTransport(way, deps),
  limits: { pollMs: 10 },
})
process.stdout.write('ready\n')
