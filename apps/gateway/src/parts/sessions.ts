// Who is here, as a part: the clients of this process's doors are listed, and ended, for commands that ask by the control socket, and
// over Redis where it's set. Nothing of it stands in the way of a client: a door is asked when somebody asks here.

import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { sealer } from '@postern/auth'
import { LiveSessions, type RedisPeers, type SessionsOfDoors } from '@postern/events'
import type { Part } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import { type ControlSocket, openControlSocket } from '../control/control-socket.js'
import { answerTo, answerToSealed } from '../control/questions.js'
import { socketFile } from '../running.js'

export interface SessionsPartOptions {
  /** Of this process alone. */
  readonly id: string
  /** Where running processes have their files. */
  readonly folder: string
  /** Where Redis is set. */
  readonly peers: RedisPeers | undefined
  readonly doors: readonly (() => SessionsOfDoors)[]
  readonly serverKey: () => Uint8Array
  readonly logger: Logger
  readonly clock: () => number
}

export function createSessionsPart(options: SessionsPartOptions): Part {
  const { id, folder, peers, doors, serverKey, logger, clock } = options
  const { pid } = process
  const host = hostname()
  const live = new LiveSessions()
  let socket: ControlSocket | undefined
  return {
    name: 'sessions',
    async start() {
      for (const each of doors) live.add(each)
      const asking = { sealer: sealer(serverKey()), process: id, clock }
      peers?.join({ id, pid, host }, (question) => answerToSealed(asking, live, question))
      const path = join(folder, socketFile({ pid, host }))
      const answer = (question: unknown) => answerTo(live, question)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        socket = await openControlSocket({ path, answer, logger })
      } catch (error) {
        // Mail goes on without it.
        const reason = error instanceof Error ? error.message : String(error)
        logger.warn({ path, reason }, 'no control socket: `postern session` can not ask this process')
      }
    },
    stop: () => socket?.close(),
  }
}
