// LMTP's unix socket: a file that a mail server on the same machine opens, such as Postfix out of its chroot. Who may open it is for the
// rights of the file and its folder to say. One that a killed process left is taken away; one that other workers of this gateway have
// open is shared with them.

import { randomBytes } from 'node:crypto'
import { chmod, lstat, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ConnectionCount, type ConnectionPlaces, Failure, type Incoming, type PlacesFor } from '@postern/service'
import type { Logger } from '@postern/telemetry'

export interface UnixDoorOptions {
  readonly path: string
  /** Whether other workers of this gateway listen there too. */
  readonly isShared: boolean
  readonly connectionsMax: number
  /** Counts connections together with them. */
  readonly placesFor?: PlacesFor | undefined
  readonly logger: Logger
  readonly onConnection: (incoming: Incoming) => void
  /** Writes the busy line; the socket is then closed. */
  readonly onRefused: (socket: Socket) => void
}

export interface UnixDoor {
  stopAccepting(): void
  close(): Promise<void>
}

/** Its owner's and its group's. */
const socketMode = 0o660
/** Who comes by a file has no address: all count as one. */
const anybody = '127.0.0.1'

export async function openUnixDoor(options: UnixDoorOptions): Promise<UnixDoor> {
  const { path, isShared, logger } = options
  const open = new Set<Socket>()
  const places = placesOf(options)
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    void receive(socket, places, options)
  })
  await removeLeftOver(path, isShared)
  await listening(server, path)
  await chmod(path, socketMode)
  server.on('error', (err) => logger.error({ err }, 'listener failed'))
  logger.info({ listener: 'lmtp', path }, 'listening')
  return {
    stopAccepting: () => void server.close(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

function placesOf({ connectionsMax, placesFor }: UnixDoorOptions): ConnectionPlaces {
  const limits = { connectionsMax, connectionsPerAddressMax: connectionsMax }
  return placesFor?.('lmtp socket', limits) ?? new ConnectionCount(limits)
}

async function receive(
  socket: Socket,
  places: ConnectionPlaces,
  { onConnection, onRefused }: UnixDoorOptions,
): Promise<void> {
  const place = await places.take(anybody)
  if (socket.destroyed) return place.release?.()
  if (place.refusal !== undefined) {
    onRefused(socket)
    socket.end()
    return
  }
  socket.on('close', place.release)
  const id = randomBytes(8).toString('hex')
  onConnection({ id, door: 'lmtp', socket, remoteAddress: '', remotePort: 0, localPort: 0, secure: true })
}

async function removeLeftOver(path: string, isShared: boolean): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  const isAnswered = found.isSocket() && (await answers(path))
  // Another worker's, or else there is no getting it, as the attempt will tell.
  if (isAnswered && isShared) return
  if (!found.isSocket() || isAnswered)
    throw new Failure(
      'port_in_use',
      `lmtp can't listen on ${path}: ${found.isSocket() ? 'another program does' : 'it is a file'}.`,
      {
        fix: 'Set POSTERN_LMTP_SOCKET to another path, or stop that program.',
      },
    )
  await rm(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Failure('port_unusable', `lmtp can't listen on ${path}: ${cause.message}.`, {
          fix: 'Set POSTERN_LMTP_SOCKET to a path in a folder that this process may write to.',
          cause,
        }),
      ),
    )
    server.listen(path, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
