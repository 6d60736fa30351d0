/** A TCP connection to a named host: its addresses are asked of the name servers that are set, and tried one after the other. */
import { Resolver } from 'node:dns/promises'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { reasonOf, untilAborted, within } from './deadline.js'
import { SessionFailure } from './session-failure.js'

interface How {
  readonly dnsServers: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export async function connectTo(place: { readonly host: string; readonly port: number }, how: How): Promise<Socket> {
  const { host, port } = place
  const socket = connect({ host, port, autoSelectFamily: true, noDelay: true, ...lookupOf(how.dnsServers) })
  try {
    await within({ ...how, what: `The connection to ${host}` }, (signal) => connected(socket, signal))
    return socket
  } catch (error) {
    socket.destroy()
    throw new SessionFailure('connect', `${host}:${port} was not reached: ${whyOf(error)}`, { status: '4.4.1' })
  }
}

function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  const settled = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    // Stays: a later error is followed by 'close', which whoever holds the socket listens to.
    socket.on('error', reject)
  })
  return untilAborted(settled, signal)
}

/** Without servers of our own, the system's way of looking names up, which knows /etc/hosts too. */
export function lookupOf(servers: readonly string[]): { lookup?: LookupFunction } {
  if (servers.length === 0) return {}
  const resolver = new Resolver()
  resolver.setServers(servers)
  return {
    lookup: (name, options, done) => {
      addressesOf(name, resolver).then(
        (addresses) => {
          const [first] = addresses
          if (options.all) done(null, addresses)
          else done(null, first!.address, first!.family)
        },
        (error) => done(error, ''),
      )
    },
  }
}

async function addressesOf(name: string, resolver: Resolver) {
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const addresses = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const [failed] = found.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  if (addresses.length === 0) throw failed
  return addresses.map((address) => ({ address, family: isIP(address) }))
}

function whyOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return reasonOf(error)
}
