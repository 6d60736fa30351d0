// Blocklists in the DNS (RFC 5782), where there are any: a client whose address has a record in one of them is refused. A list that doesn't
// answer in time, or answers with something else, lists nobody: mail is never lost for a name server.

import { isIPv6 } from 'node:net'
import type { Logger } from '@postern/telemetry'

export interface Blocklists {
  /** The first list that the address is on. */
  listing(address: string): Promise<string | undefined>
}

export const noBlocklists: Blocklists = { listing: async () => undefined }

export interface BlocklistsOptions {
  readonly zones: readonly string[]
  /** Addresses (A records) of a name. */
  readonly resolve4: (name: string) => Promise<readonly string[]>
  readonly timeoutMs: number
  readonly logger: Logger
}

export function createBlocklists(options: BlocklistsOptions): Blocklists {
  const { zones } = options
  if (zones.length === 0) return noBlocklists
  return {
    async listing(address) {
      const answers = await Promise.all(zones.map((zone) => isListed(zone, { address, options })))
      return zones.find((_, i) => answers[i])
    },
  }
}

async function isListed(
  zone: string,
  { address, options }: { readonly address: string; readonly options: BlocklistsOptions },
): Promise<boolean> {
  const { resolve4, timeoutMs, logger } = options
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), timeoutMs)
  })
  try {
    return (await Promise.race([resolve4(`${reversed(address)}.${zone}`), late])).some(isListing)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOTFOUND' && code !== 'ENODATA') logger.warn({ err: error, zone }, 'a blocklist did not answer')
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** RFC 5782 §2.1: 127.0.0.0/8. What is in 127.255.255.0/24 tells of trouble with the question. */
const isListing = (answer: string): boolean => answer.startsWith('127.') && !answer.startsWith('127.255.255.')

/** 2.0.0.127 of 127.0.0.2; of IPv6 each of 32 digits (RFC 5782 §2.4). */
export function reversed(address: string): string {
  if (!isIPv6(address)) return address.split('.').toReversed().join('.')
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  const digits = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('')
  return Array.from(digits).toReversed().join('.')
}
