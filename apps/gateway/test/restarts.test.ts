// When a worker that died is started again; and, with POSTERN_DEATHS, a whole gateway whose workers die again and again.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workers as limits } from '../src/limits.js'
import { Restarts } from '../src/workers/restarts.js'
import { newFolder, postern, started } from './gateway-process.js'
import { isAlive, soon, workersUp } from './worker-processes.js'

const young = { youngMs: 10_000, delayMs: 100, delayMsMax: 500, youngDeathsMax: 5 }

test('who dies young is started later and later, and in the end no more', () => {
  const restarts = new Restarts(young)
  expect([1, 2, 3, 4, 5].map(() => restarts.after(9_999))).toEqual([100, 200, 400, 500, undefined])
})

test('who has lived for a while is started at once, and what was before is forgotten', () => {
  const restarts = new Restarts(young)
  for (let n = 0; n < 4; n++) restarts.after(0)
  expect([restarts.after(10_000), restarts.after(0), restarts.after(0)]).toEqual([100, 100, 200])
})

const isWanted = process.env.POSTERN_DEATHS !== undefined

test.runIf(isWanted)(
  'workers that die again and again end the whole, with a clear error',
  { timeout: 120_000 },
  async () => {
    const dataDir = join(newFolder(), 'data')
    const env = { POSTERN_DATA_DIR: dataDir, POSTERN_DRAIN_MS: '2000' }
    const gateway = postern(['start', '--json', '--workers', '2', '--roles', 'relay'], { env })
    await started(gateway)
    const [stays, ...dying] = await workersUp(dataDir, 2)
    const dead = [...dying]
    for (let deaths = 1; deaths <= limits.restarts.youngDeathsMax; deaths++) {
      process.kill(dead.at(-1)!, 'SIGKILL')
      if (deaths === limits.restarts.youngDeathsMax) break
      const [next] = await workersUp(dataDir, 1, [stays!, ...dead])
      dead.push(next!)
    }
    expect(await gateway.ended).toBe(1)
    expect(gateway.stderr()).toContain('died 6 times in a row')
    await expect.poll(() => [stays!, ...dead].filter(isAlive), soon).toEqual([])
  },
)
