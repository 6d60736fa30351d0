// Asks name servers for MX, TXT and SRV records, each told as the text that a zone file has. A name that has none is
// answered with none; a question that nobody answered is an error, which must not pass for "none".

import { Resolver } from 'node:dns/promises'

export type RecordType = 'MX' | 'TXT' | 'SRV'
/** The records of a name: `10 mail.example.org`, a text, `0 1 993 mail.example.org`. */
export type Lookup = (type: RecordType, name: string) => Promise<readonly string[]>

export class LookupFailed extends Error {
  override readonly name = 'LookupFailed'
}

export interface LookupOptions {
  /** With or without a port; none are those of the system. */
  readonly servers: readonly string[]
  readonly timeoutMs: number
  readonly tries: number
}

export function createLookup({ servers, timeoutMs, tries }: LookupOptions): Lookup {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers.length > 0) resolver.setServers(servers)
  const records: Readonly<Record<RecordType, (name: string) => Promise<string[]>>> = {
    MX: async (name) =>
      (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${plainHost(exchange)}`),
    TXT: async (name) => (await resolver.resolveTxt(name)).map((strings) => strings.join('')),
    SRV: async (name) =>
      (await resolver.resolveSrv(name)).map((each) =>
        [each.priority, each.weight, each.port, plainHost(each.name)].join(' '),
      ),
  }
  return async (type, name) => {
    try {
      return (await records[type](name)).sort()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code === 'ENODATA' || code === 'ENOTFOUND') return []
      if (code === '') throw error
      throw new LookupFailed(`No answer about ${type} ${name} (${code})`, { cause: error })
    }
  }
}

export const plainHost = (name: string): string => name.toLowerCase().replace(/\.$/, '')
