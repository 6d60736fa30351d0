/** The mail log: one line an event with its fixed fields, nothing of the message itself, and its metrics. */
import { expect, test } from 'vitest'
import { createMailLog, createMetrics, type MailEvent } from '../src/index.js'
import { collectLines } from './lines.js'

const messageId = '<1@example.test>'
const queued = { queueId: 'q1', messageId, from: 'a@example.test' }
const attempt = { ...queued, to: 'b@example.org', relay: 'mx.example.org', status: '2.0.0 250 Ok', delayMs: 1500 }
const retryAt = new Date('2026-01-02T03:04:05Z')

test.each<[MailEvent, Record<string, unknown>]>([
  [{ event: 'accepted', ...queued, to: ['b@example.org', 'c@example.org'], sizeBytes: 10 }, {}],
  [{ event: 'refused', messageId: undefined, from: 'a@example.test', to: ['b@example.org'], status: '5.7.1' }, {}],
  [{ event: 'delivered', ...attempt }, {}],
  [{ event: 'deferred', ...attempt, retryAt }, { retryAt: '2026-01-02T03:04:05.000Z' }],
  [{ event: 'failed', ...attempt }, {}],
  [{ event: 'expired', ...attempt }, {}],
  [{ event: 'bounced', ...queued, to: 'a@example.test', recipients: ['b@example.org'] }, {}],
  [
    {
      ...{ event: 'ruled', ...queued, to: 'b@example.org', rules: ['rul_1'], mailboxes: ['A'] },
      ...{ forwarded: ['c@example.org'], sentOn: ['q2'] },
    },
    {},
  ],
  [{ event: 'kept', ...queued, to: 'b@example.org' }, {}],
  [{ event: 'appended', messageId, to: 'a@example.test', mailbox: 'Sent', sizeBytes: 10 }, {}],
])('$event', (event, printed) => {
  const { logger, last } = collectLines()
  const careless = { ...event, subject: 'Private', text: 'Dear Bob', password: 'x' }
  createMailLog({ logger, metrics: createMetrics({ processMetrics: false }) })(careless)
  const { event: name, ...fields } = event
  const { level, time, log, msg, ...written } = last()
  expect({ level, log, msg }).toEqual({ level: 'info', log: 'mail', msg: name })
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(written).toEqual({ ...JSON.parse(JSON.stringify(fields)), ...printed })
})

test("a remote server's answer is cut short and stays on one line", () => {
  const { logger, text, last } = collectLines()
  const status = `5.0.0 no\r\n{"level":"info"}\x1b[31m${'x'.repeat(5000)}`
  createMailLog({ logger, metrics: createMetrics({ processMetrics: false }) })({ event: 'failed', ...attempt, status })
  expect(text().trim().split('\n')).toHaveLength(1)
  expect(last().status).toBe(`5.0.0 no {"level":"info"} [31m${'x'.repeat(5000)}`.slice(0, 256))
})

test('events are counted, and delivery times', async () => {
  const metrics = createMetrics({ processMetrics: false })
  const mailLog = createMailLog({ logger: collectLines().logger, metrics })
  mailLog({ event: 'delivered', ...attempt })
  mailLog({ event: 'delivered', ...attempt })
  mailLog({ event: 'failed', ...attempt })
  const text = await metrics.registry.metrics()
  expect(text).toContain('postern_mail_events_total{event="delivered"} 2')
  expect(text).toContain('postern_mail_events_total{event="failed"} 1')
  expect(text).toContain('postern_delivery_delay_seconds_sum 3')
})
