/**
 * The kinds of value a setting can have: each reads one text from the environment into a typed value. They stand between
 * the table in settings.ts and load.ts. A message is the end of the sentence "POSTERN_X …" and never repeats the value,
 * because the value may be a secret.
 */
import { isIP } from 'node:net'
import { z } from 'zod'

const hostNamePattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

export const text = () => z.string()

/** A host name in lower case; one trailing dot is tolerated and dropped (RFC 1034 §3.1). */
export const hostName = () =>
  z
    .string()
    .transform((name) => name.toLowerCase().replace(/\.$/, ''))
    .refine((name) => hostNamePattern.test(name), 'must be a host name such as mail.example.com')

export const ipAddress = () =>
  z.string().refine((value) => isIP(value) !== 0, 'must be an IP address such as 127.0.0.1, 0.0.0.0 or ::')

export const wholeNumber = (bounds: { min: number; max: number; unit: string }) =>
  z
    .string()
    .refine(
      (value) => /^\d{1,15}$/.test(value) && Number(value) >= bounds.min && Number(value) <= bounds.max,
      `must be a whole number of ${bounds.unit} from ${bounds.min} to ${bounds.max}`,
    )
    .transform(Number)

export const port = () =>
  z
    .string()
    .refine(
      (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
      'must be a port number from 1 to 65535, or 0 for any free port',
    )
    .transform(Number)

export const secret = (lengthMin: number) =>
  z.string().refine((value) => value.length >= lengthMin, `must have at least ${lengthMin} characters`)

/** A URL of one of the given schemes. */
export const url = (...schemes: readonly string[]) =>
  z.string().refine(
    (value) => {
      const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : ''
      return schemes.includes(scheme)
    },
    `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  )

export const oneOf = <const T extends string>(...names: readonly T[]) =>
  z.enum(names, `must be one of ${names.join(', ')}`)

export const trueOrFalse = () => oneOf('true', 'false').transform((value) => value === 'true')

/** A comma list of names; `all` stands for every one of them. */
export const namesOrAll = <const T extends string>(...names: readonly T[]) =>
  z.string().transform((value, context): readonly T[] => {
    const given = commaList(value)
    if (given.length === 1 && given[0] === 'all') return names
    const chosen = names.filter((name) => given.includes(name))
    if (given.length > 0 && given.every((name) => (names as readonly string[]).includes(name))) return chosen
    context.addIssue(`must be "all" or a comma list of ${names.join(', ')}`)
    return z.NEVER
  })

/** A comma list of networks: 10.0.0.0/8, fd00::/8, or single addresses. */
export const networks = () =>
  z.string().transform((value, context): readonly string[] => {
    const given = commaList(value)
    if (given.every(isNetwork)) return given
    context.addIssue('must be a comma list of networks such as 10.0.0.0/8, fd00::/8 or 192.0.2.7')
    return z.NEVER
  })

/** A comma list of host names. */
export const hostNames = () =>
  z.string().transform((value, context): readonly string[] => {
    const given = commaList(value.toLowerCase()).map((name) => name.replace(/\.$/, ''))
    if (given.every((name) => hostNamePattern.test(name))) return given
    context.addIssue('must be a comma list of names such as list.example.org')
    return z.NEVER
  })

/** A comma list of IP addresses, each with or without a port: 192.0.2.53, 192.0.2.53:5353, [2001:db8::53]:5353. */
export const dnsServers = () =>
  z.string().transform((value, context): readonly string[] => {
    const given = commaList(value)
    if (given.every(isServer)) return given
    context.addIssue('must be a comma list of IP addresses such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353')
    return z.NEVER
  })

function isServer(value: string): boolean {
  if (isIP(value) !== 0) return true
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(value) ?? []
  const isAddress = six === undefined ? isIP(four ?? '') === 4 : isIP(six) === 6
  return isAddress && (port === undefined || (Number(port) > 0 && Number(port) <= 65_535))
}

function commaList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function isNetwork(value: string): boolean {
  const [address = '', bits, ...more] = value.split('/')
  const bitsMax = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (bitsMax < 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax)
}
