// Checks of the certificates: the one that clients are shown, on the wire, with its chain, its names and its days; and the
// files of single domains.

import { X509Certificate } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DetailedPeerCertificate } from 'node:tls'
import type { Config } from '@postern/config'
import type { DataFolder } from '../data-folder.js'
import { doctor as limits } from '../limits.js'
import type { Place } from './doors.js'
import { broken, type Finding, ok, skipped, warning } from './finding.js'
import { reachSecurely } from './reach.js'

const dayMs = 86_400_000
const check = 'certificate'

export interface CertificateCheck {
  readonly config: Config
  readonly folder: DataFolder
  /** Undefined where nobody shows it. */
  readonly place: Place | undefined
  readonly now: number
}

export async function checkCertificate({ config, folder, place, now }: CertificateCheck): Promise<Finding[]> {
  const domains = await checkDomainFiles(folder, now)
  if (place === undefined) return [skipped(check, 'Nobody shows it: no IMAP door with TLS is open.'), ...domains]
  const ca = await caOf({ config, folder })
  const renew =
    ca === undefined
      ? 'Renew the files of POSTERN_TLS_CERT and POSTERN_TLS_KEY: Postern notices by itself.'
      : 'Restart the gateway: it makes its certificate anew.'
  try {
    const name = config.hostname
    const socket = await reachSecurely(place, { name, ca, timeoutMs: limits.reachTimeoutMs })
    const chain = chainOf(socket.getPeerCertificate(true))
    const trouble = socket.authorized ? undefined : String(socket.authorizationError)
    socket.destroy()
    return [judge(chain, { name, trouble, isSelfMade: ca !== undefined, now, renew }), ...domains]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [broken(check, `No TLS connection to port ${place.port}: ${why}.`, renew), ...domains]
  }
}

/** The CA of a self-made certificate. */
export async function caOf({
  config,
  folder,
}: Pick<CertificateCheck, 'config' | 'folder'>): Promise<string | undefined> {
  return config.tlsCert === undefined ? readFile(join(folder.tls, 'ca.pem'), 'utf8').catch(() => undefined) : undefined
}

/** From the server's own to the one that signs itself, or where it breaks off. */
function chainOf(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = []
  let each: DetailedPeerCertificate | undefined = first
  while (each?.raw !== undefined && chain.length < 10) {
    chain.push(new X509Certificate(each.raw))
    each = each.issuerCertificate === each ? undefined : each.issuerCertificate
  }
  return chain
}

interface Seen {
  readonly name: string
  readonly trouble: string | undefined
  readonly isSelfMade: boolean
  readonly now: number
  readonly renew: string
}

function judge(chain: readonly X509Certificate[], { name, trouble, isSelfMade, now, renew }: Seen): Finding {
  const [own] = chain
  if (own === undefined) return broken(check, 'The server showed none.', renew)
  const names = namesOf(own)
  const days = daysLeft(chain, now)
  if (days < 0) return broken(check, `It ended ${-days} days ago.`, renew)
  if (chain.some(({ validFrom }) => Date.parse(validFrom) > now))
    return broken(
      check,
      `It holds only from ${own.validFrom} on.`,
      'Set the clock of this machine, or use another certificate.',
    )
  if (own.checkHost(name) === undefined)
    return broken(
      check,
      `It is for ${names}, and clients connect to ${name}.`,
      `Get one for ${name}, or set POSTERN_HOSTNAME.`,
    )
  if (trouble !== undefined)
    return broken(
      check,
      `Clients will not trust it (${trouble}).`,
      'Put the whole chain into POSTERN_TLS_CERT, the own one first.',
    )
  const by = isSelfMade ? "this server's own CA (clients must trust tls/ca.pem)" : issuerOf(own)
  const says = `For ${names}, by ${by}, a chain of ${chain.length}, ${days} days left.`
  return days < limits.certificateDaysLow ? warning(check, says, renew) : ok(check, says)
}

const namesOf = ({ subjectAltName = '', subject }: X509Certificate): string =>
  subjectAltName.replaceAll(/(?:DNS|IP Address):/g, '') || subject
const issuerOf = ({ issuer }: X509Certificate): string => issuer.replaceAll('\n', ', ')
const daysLeft = (chain: readonly X509Certificate[], now: number): number =>
  Math.floor(Math.min(...chain.map(({ validTo }) => Date.parse(validTo) - now)) / dayMs)

/** One finding for all that are well, one for each that isn't. */
async function checkDomainFiles({ tls }: DataFolder, now: number): Promise<Finding[]> {
  const home = join(tls, 'domains')
  const names = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[]
    throw error
  })
  const findings = await Promise.all(names.map((name) => checkDomainFile(join(home, name, 'cert.pem'), { name, now })))
  const bad = findings.filter((each) => each !== undefined)
  if (names.length === 0 || bad.length > 0) return bad
  return [
    ok(
      'certificates of domains',
      `${names.length} of them, each for its name, with ${limits.certificateDaysLow} days or more left.`,
    ),
  ]
}

async function checkDomainFile(
  path: string,
  { name, now }: { name: string; now: number },
): Promise<Finding | undefined> {
  const label = `certificate of ${name}`
  const fix = `Put the certificate and key of ${name} into ${path} and key.pem beside it.`
  try {
    const certificate = new X509Certificate(await readFile(path))
    const days = daysLeft([certificate], now)
    if (days < 0) return broken(label, `It ended ${-days} days ago.`, fix)
    if (certificate.checkHost(name) === undefined) return broken(label, `It is for ${namesOf(certificate)}.`, fix)
    return days < limits.certificateDaysLow ? warning(label, `It has ${days} days left.`, fix) : undefined
  } catch (error) {
    return broken(label, `It can't be read: ${error instanceof Error ? error.message : error}.`, fix)
  }
}
