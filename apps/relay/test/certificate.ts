// A certificate for one host name, from a CA that nothing but the test trusts.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCertificates } from '@postern/service'
import { createMetrics } from '@postern/telemetry'
import { quietLogger } from './parcel.js'

export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** For `hostname`, localhost and 127.0.0.1. */
export async function makeCertificate(hostname: string): Promise<Certificate> {
  const dataDir = mkdtempSync(join(tmpdir(), 'postern-relay-'))
  try {
    const certificates = await openCertificates({
      dataDir,
      hostname,
      watchMs: 3_600_000,
      clock: Date.now,
      logger: quietLogger,
      metrics: createMetrics({ processMetrics: false }),
    })
    certificates.close()
    const read = (name: string) => readFileSync(join(dataDir, 'tls', name), 'utf8')
    return { cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem') }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
