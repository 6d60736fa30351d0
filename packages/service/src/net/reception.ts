/**
 * What happens to a client between accept and its protocol: PROXY header where the peer is a known load balancer (contract
 * A8), limits, TLS where the port is implicit (A1). Who breaks a limit comes through TLS too, so that the protocol can say so
 * in its own words (B10); but only a few at a time, the rest are cut off. Whoever doesn't get through hears nothing.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Logger, Metrics } from '@postern/telemetry'
import { beginsTls } from '../tls/begins-tls.js'
import type { Certificates } from '../tls/certificates.js'
import { HandshakeError, handshake } from '../tls/handshake.js'
import { ConnectionCount, type ConnectionPlaces, type PlacesFor, type Refusal } from './connection-count.js'
import { type Networks, plainAddress } from './networks.js'
import type { ProxySource as Client } from './proxy-header.js'
import { ProxyHeaderError, readProxyHeader } from './read-proxy-header.js'

/** A client that came through. Nobody has read from its socket or listens to it; whoever takes it owns it. */
export interface Incoming {
  /** Unique, for logs. */
  readonly id: string
  /** The listener's name. */
  readonly door: string
  readonly socket: Socket
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Whether nobody can listen in on the client: the socket is encrypted, or the way to the proxy in front of it is. */
  readonly secure: boolean
}

export interface ReceptionOptions {
  /** Names the listener in logs and metrics: `imaps`. */
  readonly name: string
  /** The certificates of an implicit TLS port; without them the socket is handed over in clear. */
  readonly tls?: Certificates | undefined
  /**
   * On an implicit TLS port: what who speaks in clear, or waits to be greeted, is told in clear before the door closes. Without it
   * he hears nothing.
   */
  readonly wordInClear?: string
  readonly proxyNetworks: Networks
  /** Where proxies stand that end TLS: what comes from there counts as encrypted, unless its PROXY header says otherwise. */
  readonly tlsProxyNetworks?: Networks
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** Whose count of connections holds; this listener's own unless given. */
  readonly placesFor?: PlacesFor | undefined
  readonly proxyTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly onConnection: (incoming: Incoming) => void
  /** Writes the protocol's busy line; the socket is then closed. */
  readonly onRefused: (incoming: Incoming, refusal: Refusal) => void
}

/** Refused clients that may be told so at a time. */
const refusedAtOnceMax = 64
/** For a refused client to read its line and leave. */
const refusalTimeoutMs = 2000

/** What is undone when a client is gone. There are many clients that do nothing: what is kept of each is little. */
interface Guest {
  release: (() => void) | undefined
  isHandedOver: boolean
  isGone: boolean
}

const ignore = (): void => undefined

export class Reception {
  readonly #options: ReceptionOptions
  readonly #logger: Logger
  readonly #places: ConnectionPlaces
  readonly #guests = new Map<Socket, Guest>()
  /** One for all sockets. */
  readonly #onClose: (this: Socket) => void
  #admitted = 0
  #refusedNow = 0

  constructor(options: ReceptionOptions) {
    this.#options = options
    this.#logger = options.logger.child({ listener: options.name })
    this.#places = options.placesFor?.(options.name, options) ?? new ConnectionCount(options)
    const left = (socket: Socket): void => this.#left(socket)
    this.#onClose = function () {
      left(this)
    }
  }

  /** Clients within the limits, from accept on. */
  get connections(): number {
    return this.#admitted
  }

  receive(socket: Socket): void {
    this.#guests.set(socket, { release: undefined, isHandedOver: false, isGone: false })
    socket.on('close', this.#onClose)
    // An error is followed by 'close', which whoever holds the socket listens to.
    socket.on('error', ignore)
    if (this.#guests.size > this.#options.connectionsMax + refusedAtOnceMax) this.#cutOff(socket)
    else void this.#lead(socket)
  }

  #left(socket: Socket): void {
    const guest = this.#guests.get(socket)!
    this.#guests.delete(socket)
    guest.isGone = true
    guest.release?.()
    if (guest.isHandedOver) this.#options.metrics.connectionsOpen.dec({ listener: this.#options.name })
  }

  destroyAll(): void {
    for (const socket of this.#guests.keys()) socket.destroy()
  }

  async #lead(socket: Socket): Promise<void> {
    let remote = socket.remoteAddress
    try {
      const client = await this.#clientOf(socket)
      if (client === undefined || socket.destroyed) return
      remote = client.address
      await this.#admit(socket, client)
    } catch (error) {
      this.#giveUp(socket, { remote, error })
    }
  }

  async #admit(socket: Socket, client: Client): Promise<void> {
    const guest = this.#guests.get(socket)!
    const place = await this.#places.take(client.address)
    if (guest.isGone) return place.release?.()
    if (place.refusal === undefined) {
      this.#admitted++
      guest.release = () => {
        this.#admitted--
        place.release()
      }
      this.#handOver(await this.#incoming(socket, client), guest)
    } else if (this.#refusedNow < refusedAtOnceMax) {
      this.#refusedNow++
      guest.release = () => this.#refusedNow--
      this.#refuse(await this.#incoming(socket, client), place.refusal)
    } else {
      this.#cutOff(socket)
    }
  }

  /** Who it is: whom the load balancer names, or else the peer. Undefined when the socket is already gone. */
  async #clientOf(socket: Socket): Promise<Client | undefined> {
    const { remoteAddress, remotePort } = socket
    if (remoteAddress === undefined || remotePort === undefined) return void socket.destroy()
    const { proxyNetworks, proxyTimeoutMs, tlsProxyNetworks } = this.#options
    const isBalancer = proxyNetworks.has(remoteAddress)
    const named = isBalancer ? await readProxyHeader(socket, { timeoutMs: proxyTimeoutMs }) : undefined
    const { address, port } = named ?? { address: remoteAddress, port: remotePort }
    const secure = named?.secure ?? tlsProxyNetworks?.has(remoteAddress) ?? false
    return { address: plainAddress(address), port, secure }
  }

  async #incoming(socket: Socket, client: Client): Promise<Incoming> {
    const { name, tls } = this.#options
    return {
      id: randomBytes(8).toString('hex'),
      door: name,
      remoteAddress: client.address,
      remotePort: client.port,
      localPort: socket.localPort ?? 0,
      secure: tls !== undefined || client.secure === true,
      socket: tls ? await this.#shakeHands(socket, tls) : socket,
    }
  }

  async #shakeHands(socket: Socket, certificates: Certificates): Promise<Socket> {
    const { name, metrics, handshakeTimeoutMs } = this.#options
    await this.#refuseInClear(socket)
    const observe = metrics.tlsHandshakeSeconds.startTimer({ listener: name })
    const secure = await handshake(socket, certificates, { timeoutMs: handshakeTimeoutMs })
    observe()
    return secure
  }

  /** The word goes out before the socket is destroyed: what is unread would have it thrown away. */
  async #refuseInClear(socket: Socket): Promise<void> {
    const { wordInClear, handshakeTimeoutMs } = this.#options
    if (wordInClear === undefined || (await beginsTls(socket, { timeoutMs: handshakeTimeoutMs }))) return
    if (!socket.destroyed) {
      socket.end(wordInClear)
      socket.resume()
      await closedWithin(socket, refusalTimeoutMs)
    }
    throw new HandshakeError('the client speaks in clear')
  }

  #handOver(incoming: Incoming, guest: Guest): void {
    const { name, metrics, onConnection } = this.#options
    metrics.connectionsAccepted.inc({ listener: name })
    // Who has left already is not counted: nobody would count him out.
    if (!guest.isGone) metrics.connectionsOpen.inc({ listener: name })
    guest.isHandedOver = true
    onConnection(incoming)
  }

  #refuse(incoming: Incoming, refusal: Refusal): void {
    this.#countRefusal(refusal)
    this.#logger.warn({ connection: incoming.id, remote: incoming.remoteAddress }, `refused: ${refusal}`)
    this.#options.onRefused(incoming, refusal)
    incoming.socket.end()
    incoming.socket.resume()
    setTimeout(() => incoming.socket.destroy(), refusalTimeoutMs).unref()
  }

  #cutOff(socket: Socket): void {
    this.#countRefusal('flood')
    socket.destroy()
  }

  #giveUp(socket: Socket, { remote, error }: { readonly remote: string | undefined; readonly error: unknown }): void {
    if (error instanceof HandshakeError || error instanceof ProxyHeaderError) {
      this.#countRefusal(error instanceof HandshakeError ? 'handshake' : 'proxy header')
      this.#logger.info({ remote, reason: error.message }, 'closed before its protocol')
    } else {
      this.#countRefusal('error')
      this.#logger.error({ err: error, remote }, 'connection failed')
    }
    socket.destroy()
  }

  #countRefusal(reason: string): void {
    this.#options.metrics.connectionsRefused.inc({ listener: this.#options.name, reason })
  }
}

function closedWithin(socket: Socket, timeMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeMs)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
