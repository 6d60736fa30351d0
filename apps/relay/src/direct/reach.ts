/// <reference path="./mx-connect.d.ts" />
/**
 * A TCP connection to the first mail host that can be reached: mx-connect looks their addresses up and tries them one after the
 * other. Addresses that were tried for this message already, and those that a stranger's domain mustn't lead to, are left out.
 */
import type { Socket } from 'node:net'
import { isForbidden } from '@postern/service'
import mxConnect from 'mx-connect'
import { untilAborted } from '../smtp/deadline.js'
import { SessionFailure } from '../smtp/session-failure.js'
import type { MailHost } from './mail-hosts.js'
import type { NameServers } from './name-servers.js'
import { Unroutable } from './unroutable.js'

export interface Reached {
  readonly socket: Socket
  readonly host: MailHost
  readonly address: string
}

interface How {
  readonly domain: string
  readonly port: number
  readonly names: NameServers
  readonly allowsPrivateAddresses: boolean
  readonly tried: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export async function reach(hosts: readonly MailHost[], how: How): Promise<Reached> {
  const allowed = (address: string) => !isForbidden(address, { allowsPrivate: how.allowsPrivateAddresses })
  const refused: string[] = []
  const resolve = async (name: string, type: 'A' | 'AAAA'): Promise<readonly string[]> => {
    const { records } = await how.names.ask(type, name)
    refused.push(...records.filter((address) => !allowed(address)))
    return records.filter(allowed)
  }
  const literal = hosts.find(({ exchange }) => /^[\d.]+$|:/.test(exchange) && !allowed(exchange))
  if (literal !== undefined) throw forbidden(how.domain, [literal.exchange])
  try {
    const connecting = mxConnect({
      target: how.domain,
      port: how.port,
      mx: hosts.map(({ exchange, priority }) => ({ exchange, priority })),
      ignoreMXHosts: how.tried,
      maxConnectTime: how.timeoutMs,
      dnsOptions: {
        resolve: (name, ...[typeOrDone, last]) => {
          const done = typeof typeOrDone === 'function' ? typeOrDone : last!
          resolve(name, typeof typeOrDone === 'function' ? 'A' : typeOrDone).then((found) => done(null, found), done)
        },
      },
    })
    // mx-connect can't be stopped: a connection that comes too late is closed.
    const inTime = connecting.then((reached) => {
      if (how.signal.aborted) reached.socket.destroy()
      return reached
    })
    const { socket, hostname, host: address } = await untilAborted(inTime, how.signal)
    socket.on('error', () => undefined)
    return { socket, address, host: hosts.find(({ exchange }) => exchange === hostname)! }
  } catch (error) {
    const { category, temporary, message } = error as { category?: string; temporary?: boolean; message: string }
    if (how.signal.aborted) throw error
    const isUnnamed = category === 'dns' && temporary !== true
    if (isUnnamed && refused.length > 0) throw forbidden(how.domain, refused)
    if (isUnnamed) throw new Unroutable('failed', '5.4.4', `The mail hosts of ${how.domain} have no address`)
    if (category === 'dns') throw new Unroutable('deferred', '4.4.3', message)
    throw new SessionFailure('connect', message, { status: '4.4.1' })
  }
}

const forbidden = (domain: string, addresses: readonly string[]): Unroutable =>
  new Unroutable('failed', '5.4.4', `${domain} leads to ${addresses.join(', ')}, where no mail is sent to`)
