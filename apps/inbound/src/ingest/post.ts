// One post as its handler is given it, and what all handlers share.

import type { IncomingMessage } from 'node:http'
import type { MemoryBudget } from '@postern/smtp'
import { IngestError } from './answer.js'
import type { IngestContext } from './context.js'
import type { Turns } from './turns.js'

export interface Post {
  readonly request: IncomingMessage
  /** What stands behind the handler's own path: the key, where the provider has room for it nowhere else. */
  readonly rest: string
  readonly context: IngestContext
  readonly clientAddress: string | undefined
  readonly turns: Turns
  readonly budget: MemoryBudget
}

/** Undefined where it isn't there. A field that comes twice is nobody's. */
export function oneField({ request }: Pick<Post, 'request'>, name: string): string | undefined {
  const values = request.headersDistinct[name.toLowerCase()] ?? []
  if (values.length > 1) throw malformed(`The field ${name} comes ${values.length} times.`)
  // Header fields are bytes to Node; an address may be UTF-8.
  return values[0] === undefined ? undefined : Buffer.from(values[0], 'latin1').toString('utf8').trim()
}

export const malformed = (message: string): IngestError => new IngestError('ingest_malformed', message)
