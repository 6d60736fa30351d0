/**
 * The certificate that Postern makes itself when it's given none (contract A7): a CA and a server certificate in DATA_DIR/tls/.
 * The CA is made once and kept, because clients are told to trust ca.pem; the server certificate is made again when its host
 * name changes or its end is near. ca.key is the CA; ca.pem can be made again from it.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { writeFileAtomic } from '../atomic-file.js'
import { generateKey, issueCa, issueServer } from './issue-certificate.js'
import { UnusableCertificate, usable } from './unusable-certificate.js'

const dayMs = 86_400_000
const caLifeMs = 3652 * dayMs
/** What Apple's clients accept at most. */
const serverLifeMs = 397 * dayMs
const renewBeforeMs = 30 * dayMs
/** For clients whose clock is late. */
const backdateMs = 3_600_000

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

export interface SelfMade extends CertificateFiles {
  readonly caFile: string
  /** Whether the server certificate was made just now. */
  readonly renewed: boolean
}

/** Makes what's missing or due in the directory, and names the files. Cheap when nothing is. */
export async function ensureSelfMade(
  directory: string,
  { hostname, nowMs }: { readonly hostname: string; readonly nowMs: number },
): Promise<SelfMade> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
  const caFile = join(directory, 'ca.pem')
  if (await serves(files, caFile, { hostname, nowMs })) return { ...files, caFile, renewed: false }

  const caKey = await ensureCa(directory, nowMs)
  const ca = new X509Certificate(await readFile(caFile))
  const notAfter = new Date(Math.min(nowMs - backdateMs + serverLifeMs, Date.parse(ca.validTo)))
  const key = generateKey()
  const names = [...new Set([hostname, 'localhost', '127.0.0.1', '::1'])]
  const cert = issueServer({ key: caKey }, key, { names, notBefore: new Date(nowMs - backdateMs), notAfter })
  await writeFileAtomic(files.key, key, { mode: 0o600 })
  await writeFileAtomic(files.cert, cert, { mode: 0o644 })
  return { ...files, caFile, renewed: true }
}

/** Whether the certificate that's there is whole, the CA's, for this host, and has time left. */
async function serves(
  files: CertificateFiles,
  caFile: string,
  { hostname, nowMs }: { readonly hostname: string; readonly nowMs: number },
): Promise<boolean> {
  const [certPem, keyPem, caPem] = await Promise.all([
    readIfThere(files.cert),
    readIfThere(files.key),
    readIfThere(caFile),
  ])
  if (!certPem || !keyPem || !caPem) return false
  try {
    const cert = new X509Certificate(certPem)
    const named = isIP(hostname) ? cert.checkIP(hostname) : cert.checkHost(hostname)
    return (
      named !== undefined &&
      Date.parse(cert.validTo) - nowMs > renewBeforeMs &&
      cert.checkPrivateKey(createPrivateKey(keyPem)) &&
      cert.verify(new X509Certificate(caPem).publicKey)
    )
  } catch {
    return false
  }
}

/** The CA's private key; its certificate is then in place and has time left. */
async function ensureCa(directory: string, nowMs: number): Promise<string> {
  const keyFile = join(directory, 'ca.key')
  const certFile = join(directory, 'ca.pem')
  const [storedKey, storedCert] = await Promise.all([readIfThere(keyFile), readIfThere(certFile)])
  if (storedCert && !storedKey) {
    throw new UnusableCertificate(`${keyFile} is missing, but ${certFile} is there`)
  }
  const key = storedKey ?? generateKey()
  if (!storedKey) await writeFileAtomic(keyFile, key, { mode: 0o600 })
  usable(`${keyFile} has no private key in PEM`, () => createPrivateKey(key))
  if (!storedCert || !isCertificateOf(key, storedCert, nowMs)) {
    const period = { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + caLifeMs) }
    await writeFileAtomic(certFile, issueCa(key, period), { mode: 0o644 })
  }
  return key
}

/** Two processes that start at once on one directory may leave the key of one and the certificate of the other. */
function isCertificateOf(caKey: string, caCert: string, nowMs: number): boolean {
  try {
    const cert = new X509Certificate(caCert)
    return cert.checkPrivateKey(createPrivateKey(caKey)) && Date.parse(cert.validTo) - nowMs > renewBeforeMs
  } catch {
    return false
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
