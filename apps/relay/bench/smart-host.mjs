// `node apps/relay/bench/smart-host.mjs [messages]`, after a build: messages of 4 KB through the smart host's transport to a server in a
// thread of its own that throws them away, on one standing connection and on four. Prints messages per second and CPU each.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { createLogger } from '@postern/telemetry'
import { createTransport } from '../dist/index.js'

const messages = Number(process.argv[2] ?? 5_000)
const turns = 3
const body = Buffer.from(`Subject: A letter\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(56)}`)

/** Takes everything. */
function sink() {
  const server = createServer((socket) => {
    let input = ''
    let isInData = false
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.write('220 sink.example ESMTP\r\n')
    socket.on('data', (bytes) => {
      input += bytes.toString('latin1')
      let replies = ''
      for (;;) {
        const mark = isInData ? '\r\n.\r\n' : '\r\n'
        const end = input.indexOf(mark)
        if (end < 0) break
        const line = input.slice(0, end)
        input = input.slice(end + mark.length)
        if (isInData) replies += '250 2.0.0 Ok\r\n'
        else if (line.startsWith('EHLO')) replies += '250-sink.example\r\n250-PIPELINING\r\n250 DSN\r\n'
        else replies += line === 'DATA' ? '354 Go ahead\r\n' : '250 2.1.0 Ok\r\n'
        isInData = line === 'DATA'
      }
      if (replies !== '') socket.write(replies)
    })
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
}

async function measure(port, connections) {
  const route = { kind: 'smart-host', host: '127.0.0.1', port, tls: 'none', user: undefined, secret: undefined }
  const limits = { connectionsMax: connections, messagesPerConnectionMax: Number.POSITIVE_INFINITY }
  const logger = createLogger({ level: 'silent' })
  const deps = { hostname: 'relay.example', dnsServers: [], allowsPrivateAddresses: false, logger, limits }
  const transport = createTransport(route, deps)
  const { signal } = new AbortController()
  const recipient = {
    address: 'you@example.org',
    domain: 'example.org',
    notify: undefined,
    originalRecipient: undefined,
  }
  const one = async (id) => {
    const [sent] = await transport.send(
      {
        ...{ queueId: `q${id}`, sender: 'ada@example.test', recipients: [{ ...recipient, id }], body: '7bit' },
        ...{ ret: undefined, envelopeId: undefined, requireTls: false, tlsOptional: false },
        message: { size: body.length, read: () => [body] },
      },
      { signal },
    )
    if (sent.kind !== 'delivered') throw new Error(sent.text)
  }
  for (let turn = 0; turn < turns; turn++) {
    const cpu = process.cpuUsage()
    const begun = performance.now()
    const each = async (_, lane) => {
      for (let id = lane; id < messages; id += connections) await one(id)
    }
    await Promise.all(Array.from({ length: connections }, each))
    const ms = performance.now() - begun
    const { user, system } = process.cpuUsage(cpu)
    const perSecond = Math.round((messages / ms) * 1_000)
    console.log(
      `${connections} connections: ${perSecond} messages/s, ${Math.round((user + system) / messages)} µs CPU each, sink included`,
    )
  }
  await transport.close()
}

if (isMainThread) {
  const thread = new Worker(fileURLToPath(import.meta.url))
  const [port] = await once(thread, 'message')
  for (const connections of [1, 4]) await measure(port, connections)
  await thread.terminate()
} else {
  sink()
}
