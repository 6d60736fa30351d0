/** The lifecycle: order of parts, draining within its time, signals, failures at start, errors nobody caught. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Lifecycle, type Part } from '../src/index.js'
import { type LogLines, logLines } from './setting.js'

/** Stands in for `process`. */
class Host extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

interface Stage {
  readonly lifecycle: Lifecycle
  readonly host: Host
  readonly log: LogLines
}

function stage(parts: readonly Part[], { drainMs = 200, stopTimeoutMs = 200, clock = (): number => 1000 } = {}): Stage {
  const host = new Host()
  const log = logLines()
  const lifecycle = new Lifecycle(parts, {
    logger: log.logger,
    drainMs,
    stopTimeoutMs,
    clock,
    host,
  })
  return { lifecycle, host, log }
}

/** Parts that write down what is done to them. */
function recorded(...names: string[]): { parts: Part[]; done: string[] } {
  const done: string[] = []
  const parts = names.map((name) => ({
    name,
    start: () => void done.push(`start ${name}`),
    drain: () => void done.push(`drain ${name}`),
    stop: async () => {
      await wait(1)
      done.push(`stop ${name}`)
    },
  }))
  return { parts, done }
}

test('parts start in order; a signal drains them all, then stops them in reverse, and exits with 0', async () => {
  const { parts, done } = recorded('store', 'imap', 'http')
  const { lifecycle, host } = stage([...parts, { name: 'nothing to do' }])
  expect(lifecycle.phase).toBe('starting')
  expect(await lifecycle.start()).toBe(true)
  expect(lifecycle.phase).toBe('running')
  host.emit('SIGTERM')
  expect(lifecycle.phase).toBe('draining')
  await lifecycle.shutDown('again', 7)
  expect(done).toEqual([
    ...['start store', 'start imap', 'start http'],
    ...['drain store', 'drain imap', 'drain http'],
    ...['stop http', 'stop imap', 'stop store'],
  ])
  expect(lifecycle.phase).toBe('stopped')
  expect(host.exits).toEqual([0])
  expect(host.eventNames()).toEqual([])
})

test('draining waits until the parts are done, all at once, with their deadline', async () => {
  const deadlines: number[] = []
  const drained: string[] = []
  const slow = (name: string): Part => ({
    name,
    async drain({ deadlineMs }) {
      expect(drained).toEqual([])
      deadlines.push(deadlineMs)
      await wait(5)
      drained.push(name)
    },
    stop: () => expect(drained).toHaveLength(3),
  })
  const { lifecycle, log } = stage([slow('a'), slow('b'), slow('c')], { drainMs: 5000, stopTimeoutMs: 5000 })
  await lifecycle.start()
  await lifecycle.shutDown('test', 0)
  expect(deadlines).toEqual([6000, 6000, 6000])
  expect(log.text()).not.toContain('failed')
})

test.each(['drain', 'stop'] as const)('a part that hangs in %s is left behind in time', async (what) => {
  const { parts, done } = recorded('first', 'last')
  const hanging: Part = { name: 'hanging', [what]: () => new Promise(() => undefined) }
  const { lifecycle, host, log } = stage([parts[0]!, hanging, parts[1]!], { drainMs: 40, stopTimeoutMs: 40 })
  await lifecycle.start()
  await lifecycle.shutDown('test', 0)
  expect(done.slice(-2)).toEqual(['stop last', 'stop first'])
  expect(log.text()).toMatch(/"part":"hanging","msg":"part (not drained|did not stop) in time"/)
  expect(host.exits).toEqual([0])
})

test('however many parts hang, all is over when the drain and the stop are', async () => {
  const { parts, done } = recorded('first', 'last')
  const hanging: Part = {
    name: 'hanging',
    drain: () => new Promise(() => undefined),
    stop: () => new Promise(() => undefined),
  }
  const { lifecycle, host } = stage([parts[0]!, ...Array(20).fill(hanging), parts[1]!], {
    drainMs: 200,
    stopTimeoutMs: 400,
  })
  await lifecycle.start()
  const beganMs = performance.now()
  await lifecycle.shutDown('test', 0)
  expect(performance.now() - beganMs).toBeLessThan(3_000)
  expect(done.slice(-2)).toEqual(['stop last', 'stop first'])
  expect(host.exits).toEqual([0])
})

test.each(['drain', 'stop'] as const)('a part that fails in %s does not keep the others', async (what) => {
  const { parts, done } = recorded('first', 'last')
  const failing: Part = {
    name: 'failing',
    [what]: () => {
      throw new Error('it broke')
    },
  }
  const { lifecycle, log } = stage([parts[0]!, failing, parts[1]!])
  await lifecycle.start()
  await lifecycle.shutDown('test', 0)
  expect(done.slice(-2)).toEqual(['stop last', 'stop first'])
  expect(log.text()).toContain('it broke')
})

test('a second signal exits at once, with 1', async () => {
  const { lifecycle, host } = stage([{ name: 'slow', drain: () => wait(100) }])
  await lifecycle.start()
  host.emit('SIGINT')
  expect(host.exits).toEqual([])
  host.emit('SIGTERM')
  expect(host.exits).toEqual([1])
})

test('the same signal again at once is its echo through npm; later it is a second signal', async () => {
  let now = 1_000
  const { lifecycle, host } = stage([{ name: 'slow', drain: () => wait(100) }], { clock: () => now })
  await lifecycle.start()
  host.emit('SIGINT')
  now += 5
  host.emit('SIGINT')
  expect(host.exits).toEqual([])
  now += 600
  host.emit('SIGINT')
  expect(host.exits).toEqual([1])
})

test('a part that fails to start stops those before it, in reverse; the caller is told, the log gets no stack', async () => {
  const { parts, done } = recorded('store', 'imap')
  const failing: Part = {
    name: 'http',
    start: async () => {
      throw new Error("http can't listen on 127.0.0.1 port 8080: another program uses it.")
    },
    stop: () => void done.push('stop http'),
  }
  const { lifecycle, host, log } = stage([...parts, failing, { name: 'never', start: () => void done.push('never') }])
  await expect(lifecycle.start()).rejects.toThrow("http can't listen")
  expect(done).toEqual(['start store', 'start imap', 'stop imap', 'stop store'])
  expect(JSON.parse(log.text())).toMatchObject({
    level: 'error',
    part: 'http',
    reason: expect.stringContaining('another program uses it'),
  })
  expect(log.text()).not.toContain('"stack"')
  expect(host.exits).toEqual([])
  expect(host.eventNames()).toEqual([])
})

test('a signal in the middle of the start ends it after the part that is starting', async () => {
  const { parts, done } = recorded('store', 'imap')
  const slow: Part = {
    name: 'slow',
    start: () => {
      host.emit('SIGTERM')
      return wait(5)
    },
  }
  const { lifecycle, host } = stage([parts[0]!, slow, parts[1]!])
  expect(await lifecycle.start()).toBe(false)
  expect(done).toEqual(['start store', 'drain store', 'stop store'])
  expect(host.exits).toEqual([0])
})

test('a part that fails to start while a signal waits is told too, when all is stopped', async () => {
  const { parts, done } = recorded('store')
  const failing: Part = {
    name: 'slow',
    start: () => {
      host.emit('SIGTERM')
      throw new Error('no disk')
    },
  }
  const { lifecycle, host } = stage([parts[0]!, failing])
  await expect(lifecycle.start()).rejects.toThrow('no disk')
  expect(done.at(-1)).toBe('stop store')
  expect(host.exits).toEqual([])
})

test('a signal while a failed start is being undone does not turn it into a good end', async () => {
  const failing: Part = { name: 'http', start: () => Promise.reject(new Error('port in use')) }
  const store: Part = {
    name: 'store',
    stop: () => {
      host.emit('SIGTERM')
      return wait(5)
    },
  }
  const { lifecycle, host } = stage([store, failing])
  await expect(lifecycle.start()).rejects.toThrow('port in use')
  expect(host.exits).toEqual([])
})

test.each([
  ['uncaughtException', new Error('nobody caught me')],
  ['unhandledRejection', 'nobody caught me'],
])('%s is logged with its stack and ends the process with 1', async (event, error) => {
  const { lifecycle, host, log } = stage([])
  await lifecycle.start()
  host.emit(event, error)
  expect(host.exits).toEqual([1])
  const line = JSON.parse(log.text().trim().split('\n').at(-1)!)
  expect(line).toMatchObject({ level: 'fatal', msg: event, err: { message: 'nobody caught me' } })
  expect(line.err.stack).toContain('nobody caught me')
})

describe('a real process', () => {
  const door = new URL('../dist/index.js', import.meta.url)
  const telemetry = import.meta.resolve('@postern/telemetry')
  const program = (parts: string) => `
    import { Lifecycle } from '${door}'
    import { createLogger } from '${telemetry}'
    const lifecycle = new Lifecycle(${parts}, {
      logger: createLogger({ level: 'info' }), drainMs: 5000, stopTimeoutMs: 1000, clock: Date.now, host: process,
    })
    await lifecycle.start()`
  const open = `{ name: 'open', start() { this.timer = setInterval(() => {}, 1000); console.log('up') }`

  async function play(parts: string, ...signals: NodeJS.Signals[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(parts)])
    let output = ''
    const heard = (chunk: Buffer) => {
      output += chunk
      if (!output.includes('up')) return
      const signal = signals.shift()
      if (signal) child.kill(signal)
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    const [code] = await once(child, 'close')
    return { code, output }
  }

  test.each<[string, string, NodeJS.Signals[], number, string]>([
    ['drains and exits with 0', `[${open}, async drain() { console.log('drained') } }]`, ['SIGTERM'], 0, 'drained'],
    [
      'exits with 1 on a second signal',
      `[${open}, drain: () => new Promise(() => {}) }]`,
      ['SIGINT', 'SIGTERM'],
      1,
      'second signal',
    ],
    [
      'exits with 1 on a rejection',
      `[${open}, }, { name: 'x', start() { Promise.reject(new Error('lost')) } }]`,
      [],
      1,
      'lost',
    ],
    ['exits with 1 when it can not start', `[{ name: 'x', start() { throw new Error('no.') } }]`, [], 1, 'Error: no.'],
  ])('%s', async (_, parts, signals, code, said) => {
    const played = await play(parts, ...signals)
    expect(played.output).toContain(said)
    expect(played.code).toBe(code)
  })
})
