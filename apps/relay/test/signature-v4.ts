// What an AWS service does with a signature (Signature Version 4): computes it again from the request and the secret, with nothing but
// node:crypto, and says what doesn't match.

import { createHash, createHmac } from 'node:crypto'
import type { Asked } from './api-server.js'

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

export function signatureTrouble(asked: Asked, keys: Keys): string | undefined {
  const given = String(asked.headers.authorization)
  const [, credential, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(given) ?? []
  if (credential === undefined || names === undefined) return 'there is no signature'
  const time = String(asked.headers['x-amz-date'])
  const scope = [time.slice(0, 8), keys.region, keys.service, 'aws4_request'].join('/')
  if (credential !== `${keys.accessKeyId}/${scope}`) return `the credential is ${credential}`
  if (!['host', 'x-amz-date'].every((name) => names.split(';').includes(name))) return `signed is only ${names}`
  const bodyHash = sha256(asked.body)
  if (asked.headers['x-amz-content-sha256'] !== bodyHash) return 'the body is another one'
  const headers = names.split(';').map((name) => `${name}:${String(asked.headers[name]).trim()}\n`)
  const [path, query = ''] = asked.path.split('?')
  const canonical = [asked.method, path, query, headers.join(''), names, bodyHash].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const dayKey = hmac(`AWS4${keys.secretAccessKey}`, time.slice(0, 8))
  const key = hmac(hmac(hmac(dayKey, keys.region), keys.service), 'aws4_request')
  return hmac(key, toSign).toString('hex') === signature ? undefined : 'the signature does not match'
}
