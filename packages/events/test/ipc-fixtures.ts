/** A parent and its workers within one process, over pipes that carry JSON, take their time, hang or break. */
import { onTestFinished } from 'vitest'
import {
  type Counters,
  type Doorbell,
  EventsHub,
  type IpcChannel,
  IpcLink,
  type IpcMessage,
  ipcCounters,
  ipcDoorbell,
  ipcSending,
  localCounters,
  type Sending,
} from '../src/index.js'

const limits = { keysMax: 100, membersMax: 5 }

export const newHub = (own: { keysMax?: number; membersMax?: number; messagesMax?: number } = {}): EventsHub =>
  new EventsHub({ counters: { ...limits, ...own }, sending: { messagesMax: 100, ...own } })

export interface Pipe {
  /** The worker's end and the parent's. */
  readonly near: IpcChannel
  readonly far: IpcChannel
  /** Nothing that the parent says is taken while it hangs. */
  hang(is: boolean): void
  break(): void
  /** The kinds of what the worker has said. */
  readonly asked: string[]
  /** Pieces that the parent has said, and the largest of them as JSON. */
  said(): { readonly pieces: number; readonly bytesMax: number }
}

export function newPipe(): Pipe {
  const messages = { near: noListener, far: noListener }
  const closed: (() => void)[] = []
  let isBroken = false
  let resume: (() => void) | undefined
  let hanging: Promise<void> = Promise.resolve()
  const said = { pieces: 0, bytesMax: 0 }
  const asked: string[] = []
  const end = (own: 'near' | 'far', other: 'near' | 'far'): IpcChannel => ({
    async send(list) {
      const text = JSON.stringify(list)
      if (own === 'near') asked.push(...list.map(([kind]) => kind))
      else {
        said.pieces++
        said.bytesMax = Math.max(said.bytesMax, text.length)
        await hanging
      }
      if (isBroken) throw new Error('broken pipe')
      setImmediate(() => {
        if (!isBroken) messages[other](JSON.parse(text))
      })
    },
    onMessages(listener) {
      messages[own] = listener
    },
    onClosed: (listener) => void closed.push(listener),
  })
  return {
    near: end('near', 'far'),
    far: end('far', 'near'),
    hang(is) {
      resume?.()
      hanging = is ? new Promise((resolve) => (resume = resolve)) : Promise.resolve()
    },
    break() {
      isBroken = true
      for (const listener of closed) listener()
    },
    asked,
    said: () => said,
  }
}

const noListener = (_: readonly IpcMessage[]): void => undefined

export interface Worker {
  readonly link: IpcLink
  readonly pipe: Pipe
  readonly doorbell: Doorbell
  readonly counters: Counters
  readonly sending: Sending
  stoodIn(): number
}

export function newWorker(
  hub: EventsHub,
  own: { readonly lingerMs?: number; readonly timeoutMs?: number } = {},
): Worker {
  const pipe = newPipe()
  hub.attach(new IpcLink(pipe.far))
  const link = new IpcLink(pipe.near)
  const onError = (error: unknown): never => {
    throw error
  }
  let stoodIn = 0
  const doorbell = ipcDoorbell({ link, onError, ...own })
  const counters = ipcCounters({ link, standIn: localCounters(limits), onStoodIn: () => stoodIn++, ...own })
  const sending = ipcSending({ link, messagesMax: 100 })
  onTestFinished(async () => {
    pipe.hang(false)
    await Promise.all([doorbell.close(), counters.close(), sending.close()])
  })
  return { link, pipe, doorbell, counters, sending, stoodIn: () => stoodIn }
}
