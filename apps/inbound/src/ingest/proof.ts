// Checks of who posts. All of them take as long for a key that isn't there as for a wrong signature, and end in the same words: what
// was wrong is in the log alone.

import { createHash, timingSafeEqual } from 'node:crypto'
import { IngestError } from './answer.js'

/** Why a post was not taken as anybody's; for the log. */
export class Unproven extends IngestError {
  override readonly cause: string
  constructor(cause: string) {
    super('ingest_unauthorized', 'The key or the signature of this post is wrong, or its time is.')
    this.cause = cause
  }
}

/** Takes the same time whether the first byte differs or none does. */
export function isSame(given: string, right: string): boolean {
  const [a, b] = [given, right].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}

/** Whether a time is near enough to ours. */
export function isNear(atMs: number, { now, withinMs }: { readonly now: number; readonly withinMs: number }): boolean {
  return Math.abs(now - atMs) <= withinMs
}

/** RFC 7617; undefined where there's none. */
export function basicPassword(authorization: string | undefined): string | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : text.slice(colon + 1)
}
