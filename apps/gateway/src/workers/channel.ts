// The pipe between a worker and its parent, as events speak over it. Node's own words about ports go over the same pipe.

import type { IpcChannel, IpcMessage } from '@postern/events'

/** A child's `process`, or a child as its parent sees it. */
export interface IpcPeer {
  readonly connected: boolean
  send?(message: unknown, handle: undefined, options: undefined, callback: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

export function channelTo(peer: IpcPeer): IpcChannel {
  return {
    send: (messages) =>
      new Promise((resolve, reject) => {
        if (!peer.connected) return reject(new Error('the pipe is closed'))
        peer.send?.(messages, undefined, undefined, (error) => (error ? reject(error) : resolve()))
      }),
    onMessages: (listener) =>
      void peer.on('message', (message) => {
        if (Array.isArray(message)) listener(message as IpcMessage[])
      }),
    onClosed: (listener) => void peer.on('disconnect', listener),
  }
}
