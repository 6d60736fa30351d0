// A wire to a server that is cut, each time after so many more bytes have come from it, until it has been cut often enough.

import { type AddressInfo, connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

export interface CutWire {
  readonly port: number
  readonly cuts: () => number
}

interface CutWireOptions {
  readonly afterBytes: number
  readonly cutsMax: number
  /** The first connection gets no further, and stays. */
  readonly stallsAfterBytes?: number
}

export async function cutWire(to: number, { afterBytes, cutsMax, stallsAfterBytes }: CutWireOptions): Promise<CutWire> {
  let cuts = 0
  let connections = 0
  const server = createServer((client) => {
    const behind = connect(to, '127.0.0.1')
    for (const socket of [client, behind]) {
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => undefined)
    }
    let left = afterBytes * (cuts + 1)
    let came = 0
    const isFirst = ++connections === 1
    client.pipe(behind)
    behind.on('data', (piece: Buffer) => {
      left -= piece.length
      came += piece.length
      if (isFirst && stallsAfterBytes !== undefined && came > stallsAfterBytes) {
        behind.pause()
        return
      }
      if (left > 0 || cuts >= cutsMax) {
        client.write(piece)
        return
      }
      cuts++
      client.destroy()
      behind.destroy()
    })
    client.on('close', () => behind.destroy())
    behind.on('close', () => client.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, cuts: () => cuts }
}
