/**
 * Makes X.509 certificates (RFC 5280) on ECDSA P-256 keys: a CA that signs itself, and server certificates signed by it. They
 * carry the extensions that strict verifiers ask for: OpenSSL with -x509_strict, and Python 3.13 by default.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const commonName = '2.5.4.3'
/** RFC 5280 appendix A.1, ub-common-name. */
const commonNameLengthMax = 64

export interface Period {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** A new private key, as PEM. */
export function generateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** A CA's certificate, signed by its own key. The subject depends on the key alone, so it can be made again from the key. */
export function issueCa(caKey: string, period: Period): string {
  const key = createPrivateKey(caKey)
  const publicKey = publicKeyInfo(key)
  const subject = caName(publicKey)
  return signed(key, period, { subject, issuer: subject, publicKey }, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), { critical: true }),
    extension(id_ce_keyUsage, keyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), { critical: true }),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId(publicKey))),
  ])
}

/** A server's certificate for all of `names` (host names and addresses), signed by the CA. */
export function issueServer(
  ca: { readonly key: string },
  serverKey: string,
  { names, ...period }: Period & { readonly names: readonly string[] },
): string {
  const caKey = createPrivateKey(ca.key)
  const caPublicKey = publicKeyInfo(caKey)
  const publicKey = publicKeyInfo(createPrivateKey(serverKey))
  const shortName = names.find((name) => name.length <= commonNameLengthMax) ?? 'Postern'
  const issuedName = { subject: name(shortName), issuer: caName(caPublicKey), publicKey }
  const alternatives = names.map((item) => new GeneralName(isIP(item) ? { iPAddress: item } : { dNSName: item }))
  const authority = new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId(caPublicKey)) })
  return signed(caKey, period, issuedName, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), { critical: true }),
    extension(id_ce_keyUsage, keyUsage(KeyUsageFlags.digitalSignature), { critical: true }),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(alternatives)),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId(publicKey))),
    extension(id_ce_authorityKeyIdentifier, authority),
  ])
}

function signed(
  key: KeyObject,
  period: Period,
  named: { readonly subject: Name; readonly issuer: Name; readonly publicKey: SubjectPublicKeyInfo },
  extensions: Extension[],
): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: named.issuer,
    validity: new Validity(period),
    subject: named.subject,
    subjectPublicKeyInfo: named.publicKey,
    extensions: new Extensions(extensions),
  })
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), key)
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bytes(signature),
  })
  return pem('CERTIFICATE', Buffer.from(AsnConvert.serialize(certificate)))
}

function extension(extnID: string, value: object, { critical = false } = {}): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function keyUsage(flags: number): KeyUsage {
  const usage = new KeyUsage()
  usage.fromNumber(flags)
  return usage
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return AsnConvert.parse(der, SubjectPublicKeyInfo)
}

/** RFC 7093 §2 (1): 160 bits of the public key's SHA-256. */
function keyId(publicKey: SubjectPublicKeyInfo): ArrayBuffer {
  return bytes(createHash('sha256').update(new Uint8Array(publicKey.subjectPublicKey)).digest().subarray(0, 20))
}

/** Different for each CA, so that several can stand in one trust store. */
function caName(publicKey: SubjectPublicKeyInfo): Name {
  return name(`Postern CA ${Buffer.from(keyId(publicKey)).toString('hex', 0, 4)}`)
}

function name(value: string): Name {
  const attribute = new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: value }) })
  return new Name([new RelativeDistinguishedName([attribute])])
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; the first octet also keeps DER from shortening it. */
function serialNumber(): ArrayBuffer {
  return bytes(Buffer.concat([Buffer.from([0x40]), randomBytes(15)]))
}

function bytes(data: Uint8Array): ArrayBuffer {
  return Uint8Array.from(data).buffer
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
