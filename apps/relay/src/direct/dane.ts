/**
 * DANE for SMTP (RFC 7672): the certificate that a mail host shows is compared with what its TLSA records say. DANE-EE (3) names the
 * host's own certificate or key, and neither name nor dates count; DANE-TA (2) names an authority, and the way down from it to
 * the host's certificate is checked, with name and dates. Other usages can't be used (§3.1.3).
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { Tlsa } from './dns-message.js'

export const isUsable = ({ usage, selector, matching }: Tlsa): boolean =>
  (usage === 2 || usage === 3) && selector <= 1 && matching <= 2

/** Says what is wrong with the other side's certificate, or nothing. */
export function daneCheck(records: readonly Tlsa[], about: { readonly host: string; readonly now: () => number }) {
  return (socket: TLSSocket): string | undefined => {
    const [own, ...above] = chainOf(socket)
    if (own === undefined) return 'The server showed no certificate'
    if (records.some((record) => record.usage === 3 && matches(own, record))) return undefined
    const anchors = records.filter(({ usage }) => usage === 2)
    const isGood =
      own.checkHost(about.host) !== undefined && leadsToAnchor([own, ...above], { anchors, now: about.now() })
    return isGood ? undefined : `No TLSA record of ${about.host} matches its certificate`
  }
}

/** Each certificate is signed by the next, up to one that a record names. */
function leadsToAnchor(chain: readonly X509Certificate[], about: { anchors: readonly Tlsa[]; now: number }): boolean {
  for (const [at, certificate] of chain.entries()) {
    if (Date.parse(certificate.validFrom) > about.now || Date.parse(certificate.validTo) < about.now) return false
    if (at > 0 && about.anchors.some((record) => matches(certificate, record))) return true
    const issuer = chain[at + 1]
    if (issuer === undefined || !issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      return false
  }
  return false
}

function matches(certificate: X509Certificate, { selector, matching, data }: Tlsa): boolean {
  const shown = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
  if (matching === 0) return data.equals(shown)
  return data.equals(
    createHash(matching === 1 ? 'sha256' : 'sha512')
      .update(shown)
      .digest(),
  )
}

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (next?.raw !== undefined) {
    chain.push(new X509Certificate(next.raw))
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate
  }
  return chain
}
