// TLS material as a part: the operator's files, or a certificate of our own, made on the first start.

import type { Config } from '@postern/config'
import {
  type Certificates,
  type CertificatesOptions,
  Failure,
  openCertificates,
  type Part,
  UnusableCertificate,
} from '@postern/service'
import { dataFolder } from '../data-folder.js'
import { certificateWatchMs } from '../limits.js'
import type { WorkerOfMany } from '../workers/worker.js'
import { OnceStarted } from './once-started.js'

export type CertificatesPartOptions = Pick<CertificatesOptions, 'clock' | 'logger' | 'metrics'> & {
  readonly config: Config
  /** Where several processes have the same ports: a session that one began goes on with another. */
  readonly worker?: Pick<WorkerOfMany, 'ticketKeys' | 'onTicketKeys'> | undefined
}

export function createCertificatesPart({
  config: { dataDir, hostname, tlsCert, tlsKey },
  worker,
  ...tools
}: CertificatesPartOptions): Part & { certificates(): Certificates } {
  const opened = new OnceStarted<Certificates>('the certificates')
  const { path } = dataFolder(dataDir)
  const files = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : undefined
  return {
    name: 'certificates',
    certificates: () => opened.get(),
    async start() {
      const { ticketKeys } = worker ?? {}
      const options = { ...tools, dataDir: path, hostname, files, ticketKeys, watchMs: certificateWatchMs }
      opened.set(await openCertificates(options).catch((error) => refuse(error, files ? fixFiles : fixSelfMade)))
      worker?.onTicketKeys((keys) => opened.get().useTicketKeys(keys))
    },
    stop: () => opened.get().close(),
  }
}

const fixFiles = 'Set POSTERN_TLS_CERT and POSTERN_TLS_KEY to the PEM files of one certificate, which Postern may read.'
const fixSelfMade =
  'Restore tls/ in the data folder from your backup, or remove it: the next start makes a new CA, which clients must trust anew.'

function refuse(error: unknown, fix: string): never {
  if (!(error instanceof UnusableCertificate)) throw error
  throw new Failure('certificate_unusable', `${error.message}.`, { fix, cause: error })
}
