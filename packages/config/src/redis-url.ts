/**
 * The setting that says where Redis is: one server, its sentinels, or nodes of a cluster. Read by hand, since a URL as browsers
 * know it has one host. What is wrong is said without the value, which holds a password.
 */
import { z } from 'zod'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

export type ConfiguredRedis = {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
} & (
  | { readonly kind: 'single'; readonly at: HostAndPort; readonly db: number }
  | {
      readonly kind: 'sentinel'
      readonly sentinels: readonly HostAndPort[]
      readonly name: string
      readonly sentinelPassword: string | undefined
      readonly db: number
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[] }
)

const forms =
  'redis://[user:password@]host[:6379][/db], redis+sentinel://[user:password@]host[:26379],host/name[/db][?sentinel-password=…] or redis+cluster://[user:password@]host[:6379],host, with rediss for TLS'
const grammar =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/?#]*)@)?(?<hosts>[^@/?#]*)(?<path>\/[^@?#]*)?(?:\?(?<query>[^#]*))?$/
const sentinelPort = 26_379
const redisPort = 6_379

/** The end of the sentence "POSTERN_REDIS_URL …". */
class Wrong extends Error {}

export const redisUrl = () =>
  z.string().transform((value, context): ConfiguredRedis => {
    try {
      return read(value)
    } catch (error) {
      if (!(error instanceof Wrong)) throw error
      context.addIssue(error.message)
      return z.NEVER
    }
  })

function read(value: string): ConfiguredRedis {
  const parts = grammar.exec(value)?.groups
  if (parts === undefined)
    throw new Wrong(`must look like ${forms}; in a user or password, write @ as %40, / as %2F, ? as %3F and # as %23`)
  const { kind = 'single', hosts = '', user, path = '', query = '' } = parts
  const common = { tls: parts.tls === 's', ...credentials(user) }
  const places = readHosts(hosts, kind === 'sentinel' ? sentinelPort : redisPort)
  const words = path.split('/').filter((word) => word !== '')
  const options = readQuery(query, kind)
  if (kind === 'cluster') {
    if (words.length > 0) throw new Wrong('names a database, but a cluster has only one: leave it away')
    return { kind, ...common, nodes: places }
  }
  if (kind === 'sentinel') {
    const [name, db, ...more] = words
    if (name === undefined || more.length > 0)
      throw new Wrong('needs the name that the sentinels know the server by: redis+sentinel://host,host/name')
    return { kind, ...common, sentinels: places, name: decoded(name), sentinelPassword: options, db: readDb(db) }
  }
  const [at, ...others] = places
  if (at === undefined || others.length > 0)
    throw new Wrong('names several hosts: say redis+sentinel:// or redis+cluster://, or name one host')
  if (words.length > 1) throw new Wrong(`must look like ${forms}`)
  return { kind: 'single', ...common, at, db: readDb(words[0]) }
}

function credentials(text: string | undefined) {
  if (text === undefined) return { username: undefined, password: undefined }
  const colon = text.indexOf(':')
  const username = decoded(colon < 0 ? text : text.slice(0, colon))
  const password = colon < 0 ? '' : decoded(text.slice(colon + 1))
  return { username: username || undefined, password: password || undefined }
}

function readHosts(text: string, portDefault: number): HostAndPort[] {
  return text.split(',').map((each) => {
    const [, six, name, port] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(each) ?? []
    const host = six ?? name
    const number = port === undefined ? portDefault : Number(port)
    if (host === undefined || number < 1 || number > 65_535)
      throw new Wrong(
        'must name hosts such as redis.example.org:6379, 192.0.2.7 or [2001:db8::7]:6379, with commas between',
      )
    return { host, port: number }
  })
}

function readDb(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^\d{1,5}$/.test(text)) throw new Wrong('must end in the number of a database, such as /1, or in none')
  return Number(text)
}

/** The one option there is. */
function readQuery(text: string, kind: string): string | undefined {
  if (text === '') return undefined
  const [, password] = /^sentinel-password=([^&]+)$/.exec(text) ?? []
  if (password === undefined || kind !== 'sentinel')
    throw new Wrong('has an option that is not known: there is sentinel-password, for redis+sentinel')
  return decoded(password)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Wrong('has a % that is not followed by two hexadecimal digits: write it as %25')
  }
}
