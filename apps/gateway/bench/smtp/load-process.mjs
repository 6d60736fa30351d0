// This side of a process with the clients (load.mjs, or another program of that kind).

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export function startLoad(program = new URL('load.mjs', import.meta.url)) {
  const child = fork(fileURLToPath(program))
  const waiting = new Map()
  let orders = 0
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(value)
    else reject(new Error(error))
  })
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the clients have ended'))
  })
  return {
    order: (kind, options) =>
      new Promise((resolve, reject) => {
        const id = ++orders
        waiting.set(id, { resolve, reject })
        child.send({ id, kind, ...options })
      }),
    stop: () => child.kill(),
  }
}
