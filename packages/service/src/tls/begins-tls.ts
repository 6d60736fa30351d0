/**
 * Whether a client begins with a TLS handshake (RFC 8446 §5.1: a record of type 22) and not with a word in clear. One that says
 * nothing at all within the time waits for a greeting, and doesn't either. Nothing is taken from the socket.
 */
import type { Socket } from 'node:net'

const handshakeRecord = 22

export function beginsTls(socket: Socket, { timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isTls: boolean): void => {
      clearTimeout(timer)
      socket.removeListener('readable', look)
      socket.removeListener('end', leave)
      socket.removeListener('close', leave)
      resolve(isTls)
    }
    const look = (): void => {
      const bytes: Buffer | null = socket.read()
      if (bytes === null) return
      socket.unshift(bytes)
      settle(bytes[0] === handshakeRecord)
    }
    const leave = (): void => settle(false)
    const timer = setTimeout(leave, timeoutMs)
    socket.on('readable', look)
    socket.once('end', leave)
    socket.once('close', leave)
    look()
  })
}
