/**
 * Takes the PROXY header off a socket that was just accepted from a load balancer. What comes behind it goes back into the
 * socket, to be read by TLS or by the protocol. No header, a malformed one, or none in time → an error; the caller closes.
 */
import type { Socket } from 'node:net'
import { type ProxySource, parseProxyHeader } from './proxy-header.js'

export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError'
}

export function readProxyHeader(
  socket: Socket,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<ProxySource | undefined> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const settle = (outcome: { source?: ProxySource } | Error) => {
      clearTimeout(timer)
      socket.removeListener('readable', onReadable)
      socket.removeListener('end', onEnd)
      socket.removeListener('close', onEnd)
      if (outcome instanceof Error) reject(outcome)
      else resolve(outcome.source)
    }
    const onReadable = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) bytes = Buffer.concat([bytes, chunk])
      if (bytes.length === 0) return
      const header = parseProxyHeader(bytes)
      if (header.state === 'incomplete') return
      if (header.state === 'malformed') return settle(new ProxyHeaderError('no valid PROXY header'))
      settle(header)
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
    }
    const onEnd = () => settle(new ProxyHeaderError('closed before a PROXY header'))
    const timer = setTimeout(() => settle(new ProxyHeaderError(`no PROXY header within ${timeoutMs} ms`)), timeoutMs)
    socket.on('readable', onReadable)
    socket.once('end', onEnd)
    socket.once('close', onEnd)
  })
}
