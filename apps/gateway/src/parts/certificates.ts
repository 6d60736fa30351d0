// TLS material as a part: the operator's files, or a certificate of our own, made on the first start.

import type { Config } from '@postern/config'
import { type Certificates, type CertificatesOptions, openCertificates, type Part } from '@postern/service'
import { certificateWatchMs } from '../limits.js'
import { OnceStarted } from './once-started.js'

export type CertificatesPartOptions = Pick<CertificatesOptions, 'clock' | 'logger' | 'metrics'> & {
  readonly config: Config
}

export function createCertificatesPart({
  config: { dataDir, hostname, tlsCert, tlsKey },
  ...tools
}: CertificatesPartOptions): Part & { certificates(): Certificates } {
  const opened = new OnceStarted<Certificates>('the certificates')
  const files = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
  return {
    name: 'certificates',
    certificates: () => opened.get(),
    async start() {
      opened.set(await openCertificates({ ...tools, dataDir, hostname, files, watchMs: certificateWatchMs }))
    },
    stop: () => opened.get().close(),
  }
}
