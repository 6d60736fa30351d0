export { writeFileAtomic } from './atomic-file.js'
export { evenly } from './evenly.js'
export { Failure } from './failure.js'
export { clientAddress } from './http/forwarded-for.js'
export { healthRoutes } from './http/health.js'
export { sendError, sendJson, writeJson } from './http/http-error.js'
export { createHttp, type HttpOptions, type HttpServer, type Route } from './http/http-server.js'
export { createReadiness, type Readiness, type ReadinessReport } from './http/readiness.js'
export {
  type DrainTime,
  type HostProcess,
  Lifecycle,
  type LifecycleOptions,
  type Part,
  type Phase,
} from './lifecycle.js'
export { makeFolder } from './make-folder.js'
export { Connection, type ConnectionOptions } from './net/connection.js'
export {
  ConnectionCount,
  type ConnectionLimits,
  type ConnectionPlaces,
  type Place,
  type PlacesFor,
  type Refusal,
} from './net/connection-count.js'
export { isForbidden } from './net/forbidden-addresses.js'
export { type Listener, type ListenerOptions, listen } from './net/listener.js'
export { clientNetwork, type Networks, networks, plainAddress } from './net/networks.js'
export type { OutgoingLimits } from './net/outgoing.js'
export type { Incoming } from './net/reception.js'
export { processStart } from './process-start.js'
export { type Certificates, type CertificatesOptions, openCertificates, ticketKeysLifeMs } from './tls/certificates.js'
export { HandshakeError, handshake } from './tls/handshake.js'
export type { CertificateFiles } from './tls/self-made.js'
export { newTicketKeys } from './tls/served-certificates.js'
export { UnusableCertificate } from './tls/unusable-certificate.js'
