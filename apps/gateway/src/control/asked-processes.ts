// Every process of the gateway that can be asked: those of this machine by their control sockets, others over Redis where it's set. One
// that doesn't answer is named, and holds up nobody else.

import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Sealer } from '@postern/auth'
import type { Peer, RedisPeers } from '@postern/events'
import { runningGateways, socketFile } from '../running.js'
import { askBySocket } from './control-socket.js'
import { type Answer, type Asking, openAnswer, type Question, sealQuestion } from './questions.js'

export interface AskedProcess {
  readonly pid: number
  readonly host: string
  /** Throws where no answer comes in time. */
  ask(question: Question): Promise<Answer>
}

export interface Unanswered {
  readonly pid: number
  readonly host: string
  readonly why: string
}

export interface ProcessesOptions {
  /** Where running processes have their files. */
  readonly folder: string
  /** Where Redis is set and there. */
  readonly peers: RedisPeers | undefined
  readonly sealer: Sealer
  readonly clock: () => number
  readonly timeoutMs: number
}

export async function askedProcesses(options: ProcessesOptions): Promise<AskedProcess[]> {
  const { folder, peers } = options
  const running = await runningGateways(folder)
  const others = new Map((await peers?.list())?.map((peer) => [peer.id, peer]))
  const found = running.map(({ id = '', pid, host }): AskedProcess => {
    const peer = others.get(id)
    others.delete(id)
    const socket = join(folder, socketFile({ pid, host }))
    // A folder may be shared by machines: the other one's socket leads nowhere from here.
    if (peer !== undefined && host !== hostname()) return askedOverRedis(options, peer)
    const { timeoutMs } = options
    return { pid, host, ask: (question) => askBySocket(socket, question, { timeoutMs }) }
  })
  return [...found, ...Array.from(others.values(), (peer) => askedOverRedis(options, peer))]
}

function askedOverRedis({ peers, sealer, clock, timeoutMs }: ProcessesOptions, { id, pid, host }: Peer): AskedProcess {
  const asking: Asking = { sealer, process: id, clock }
  return {
    ...{ pid, host },
    async ask(question) {
      const answer = await peers?.ask(id, sealQuestion(asking, question), { timeoutMs })
      return openAnswer(asking, answer as string)
    },
  }
}

/** One question to each, all at once. */
export async function askAll(processes: readonly AskedProcess[], question: Question) {
  const unanswered: Unanswered[] = []
  const answers = await Promise.all(
    processes.map(async (process) => {
      try {
        return { process, answer: await process.ask(question) }
      } catch (error) {
        unanswered.push(silent(process, error))
        return undefined
      }
    }),
  )
  return { answers: answers.filter((one) => one !== undefined), unanswered }
}

export const silent = ({ pid, host }: AskedProcess, error: unknown): Unanswered => ({
  ...{ pid, host },
  why: error instanceof Error ? error.message : String(error),
})
