// Every form of a route and every mistake in one, by table; then any route at all, written and read again.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  hidden,
  type Route,
  RouteMistake,
  readRoute,
  routeCharactersMax,
  secretsIn,
  showRoute,
  writeRoute,
} from '../src/index.js'

const smartHost = { kind: 'smart-host', user: undefined, secret: undefined } as const
const ses = { kind: 'ses', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', endpoint: undefined } as const

test.each<[string, Route]>([
  ['none', { kind: 'none' }],
  [' None\n', { kind: 'none' }],
  ['direct', { kind: 'direct', port: 25 }],
  ['direct:2525', { kind: 'direct', port: 2525 }],
  ['smtp://relay.example.net', { ...smartHost, host: 'relay.example.net', port: 587, tls: 'required' }],
  ['SMTP://Relay.Example.NET.:2587/', { ...smartHost, host: 'relay.example.net', port: 2587, tls: 'required' }],
  ['smtp://relay_1:25?tls=offered', { ...smartHost, host: 'relay_1', port: 25, tls: 'offered' }],
  ['smtp://127.0.0.1:25?tls=none', { ...smartHost, host: '127.0.0.1', port: 25, tls: 'none' }],
  ['smtp://relay.example.net/?tls=required', { ...smartHost, host: 'relay.example.net', port: 587, tls: 'required' }],
  ['smtps://[2001:DB8::25]', { ...smartHost, host: '2001:db8::25', port: 465, tls: 'implicit' }],
  ['smtps://[::1]:1465', { ...smartHost, host: '::1', port: 1465, tls: 'implicit' }],
  [
    'smtp://me%40example.org:p%40ss%3Aw%2Fo%20rd%25@relay.example.net',
    {
      ...{ kind: 'smart-host', host: 'relay.example.net', port: 587, tls: 'required' },
      ...{ user: 'me@example.org', secret: 'p@ss:w/o rd%' },
    },
  ],
  [
    'smtps://me:p%C3%A4ss@relay.example.net',
    {
      ...{ kind: 'smart-host', host: 'relay.example.net', port: 465, tls: 'implicit' },
      ...{ user: 'me', secret: 'päss' },
    },
  ],
  ['ses://AKIAIOSFODNN7EXAMPLE:a%2Fb+c@eu-central-1', { ...ses, region: 'eu-central-1', secretAccessKey: 'a/b+c' }],
  [
    'ses://AKIAIOSFODNN7EXAMPLE:secret@us-gov-west-1?endpoint=http://127.0.0.1:4566/',
    { ...ses, region: 'us-gov-west-1', secretAccessKey: 'secret', endpoint: 'http://127.0.0.1:4566' },
  ],
  ['resend://re_aBc123', { kind: 'resend', apiKey: 're_aBc123', endpoint: undefined }],
  [
    'resend://re_aBc123?endpoint=https%3A%2F%2Fapi.example.net%2Fv1',
    { kind: 'resend', apiKey: 're_aBc123', endpoint: 'https://api.example.net/v1' },
  ],
])('%j', (text, route) => {
  expect(readRoute(text)).toEqual(route)
})

test.each([
  ['', 'is none of the known routes', 'smtp://user:password@host:587'],
  ['sendgrid://key', 'is none of the known routes', 'resend://API_KEY'],
  ['relay.example.net:587', 'is none of the known routes', 'smtp://'],
  ['smtp:relay.example.net', 'is none of the known routes', 'smtp://'],
  [`smtp://${'x'.repeat(routeCharactersMax)}`, 'more than 2000 characters', 'Write none'],
  ['smtp://me:two words@relay.example.net', 'has a blank', '%20'],
  ['smtp://relay.example\u0000.net', 'has a blank', '%20'],
  ['direct:', 'has no port', '1 to 65535'],
  ['direct:0', 'has no port', '1 to 65535'],
  ['direct:smtp', 'has no port', '1 to 65535'],
  ['smtp://', 'names no host', 'smtp://user:password@host:587'],
  ['smtp://me:secret@', 'names no host', 'smtp://user:password@host:587'],
  ['smtp://relay.example.net:65536', 'has no port', '1 to 65535'],
  ['smtp://relay.example.net:', 'has no port', '1 to 65535'],
  ['smtp://-relay.example.net', 'no host can be called', 'host name'],
  ['smtp://relay..example.net', 'no host can be called', 'host name'],
  ['smtp://bücher.example', 'no host can be called', 'xn--'],
  ['smtp://192.0.2.256', 'no host can be called', 'IP address'],
  ['smtp://192.0.2', 'no host can be called', 'IP address'],
  ['smtp://2001:db8::25', 'does not name one host', 'in brackets'],
  ['smtp://[2001:db8::25', 'does not name one host', 'in brackets'],
  ['smtp://[2001:db8::25::1]', 'no IPv6 address', '[2001:db8::25]'],
  ['smtp://[relay.example.net]', 'no IPv6 address', '[2001:db8::25]'],
  ['smtp://[1:2:3:4:5:6:7]', 'no IPv6 address', '[2001:db8::25]'],
  ['smtp://me@relay.example.net', 'a user without a password', 'smtp://user:password@host:587'],
  ['smtp://me:@relay.example.net', 'a user without a password', 'smtp://user:password@host:587'],
  ['smtps://:secret@relay.example.net', 'a user without a password', 'smtps://user:password@host:465'],
  ['smtp://me@example.org:secret@relay.example.net', 'more than one @', '%40'],
  ['smtp://me:se:cret@relay.example.net', 'has a :', '%3A'],
  ['smtp://me:se/cret@relay.example.net', 'ends them', '%2F'],
  ['smtp://me:se#cret@relay.example.net', 'ends them', '%23'],
  ['smtp://me:100%@relay.example.net', 'has a % in its password', '%25'],
  ['smtp://me:%ff@relay.example.net', 'has a % in its password', 'UTF-8'],
  ['smtp://me%0D%0A:secret@relay.example.net', 'a control character in its user name', 'line ends'],
  ['smtp://me:***@relay.example.net', 'has *** for a secret', 'the secret itself'],
  ['smtp://relay.example.net:465', 'on port 465, where TLS begins at once', 'smtps://'],
  ['smtps://relay.example.net:587', 'on port 587, which begins in clear', 'smtp://'],
  ['smtps://relay.example.net:25', 'on port 25, which begins in clear', 'smtp://'],
  ['smtp://relay.example.net/path', 'something behind its host', 'Leave out'],
  ['smtp://relay.example.net#here', 'something behind its host', 'Leave out'],
  ['smtp://relay.example.net?tls=maybe', 'an unknown word behind tls=', 'required, offered or none'],
  ['smtp://relay.example.net?tls=implicit', 'an unknown word behind tls=', 'smtps://'],
  ['smtp://relay.example.net?tls=none&tls=offered', 'has tls= twice', 'Keep one'],
  ['smtp://relay.example.net?TLS=none', 'a parameter that is unknown', '?tls='],
  ['smtps://relay.example.net?tls=none', 'a parameter that is unknown', 'Leave out'],
  ['ses://eu-central-1', 'has no keys', 'ses://ACCESS_KEY:SECRET@'],
  ['ses://AKIAIOSFODNN7EXAMPLE:secret@', 'names no region', 'ses://ACCESS_KEY:SECRET@'],
  ['ses://AKIAIOSFODNN7EXAMPLE:secret@frankfurt', 'names no region', 'ses://ACCESS_KEY:SECRET@'],
  ['ses://AKIAIOSFODNN7EXAMPLE:se/cret@eu-central-1', 'ends them', '%2F'],
  ['ses://me:secret@eu-central-1', 'no access key id', 'ses://ACCESS_KEY:SECRET@'],
  ['ses://ASIAIOSFODNN7EXAMPLE:secret@eu-central-1', 'end after some hours', 'AKIA'],
  ['ses://AKIAIOSFODNN7EXAMPLE:secret@eu-central-1?endpoint=here', 'no http or https address', 'https://host:port'],
  ['ses://AKIAIOSFODNN7EXAMPLE:***@eu-central-1', 'has *** for a secret', 'the secret itself'],
  ['resend://', 'no API key', 'resend://API_KEY'],
  ['resend://re_aBc123@api.example.net', 'no API key alone', 'resend://API_KEY'],
  ['resend://***', 'has *** for a secret', 'the secret itself'],
  ['resend://re_aBc123?endpoint=https://me:secret@api.example.net', 'ends them', '%2F'],
  ['resend://re_aBc123?endpoint=https://-', 'no host can be called', 'host name'],
  ['resend://re_aBc123?endpoint=https://me:secret%40api.example.net', 'no http or https address', 'https://host:port'],
])('%j is a mistake', (text, wrong, fix) => {
  const mistake = caught(() => readRoute(text))
  expect(mistake.wrong).toContain(wrong)
  expect(mistake.fix).toContain(fix)
  expect(mistake.message).not.toMatch(/secret@|se.cret|two words|re_aBc123/)
})

function caught(run: () => unknown): RouteMistake {
  try {
    run()
  } catch (error) {
    if (error instanceof RouteMistake) return error
    throw error
  }
  throw new Error('there was no mistake')
}

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text))
const secret = word.filter((text) => text !== hidden)
const host = fc.oneof(
  fc.domain().map((name) => name.toLowerCase()),
  fc.ipV4(),
  fc.constantFrom('::1', '2001:db8::25'),
)
const port = fc.integer({ min: 1, max: 65_535 }).filter((number) => ![25, 465, 587].includes(number))
const endpoint = fc.option(
  fc
    .tuple(fc.constantFrom('http', 'https'), fc.domain(), port)
    .map(([scheme, name, at]) => `${scheme}://${name}:${at}`),
  { nil: undefined },
)
const login = fc.oneof(fc.record({ user: word, secret }), fc.constant({ user: undefined, secret: undefined }))
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constant('direct'), port }),
  fc
    .record({ host, port, tls: fc.constantFrom('implicit', 'required', 'offered', 'none'), login })
    .map(({ login: { user, secret }, ...rest }) => ({ kind: 'smart-host' as const, ...rest, user, secret })),
  fc.record({
    kind: fc.constant('ses'),
    region: fc.constantFrom('eu-central-1', 'us-gov-east-1', 'ap-southeast-7'),
    accessKeyId: fc.constant('AKIAIOSFODNN7EXAMPLE'),
    secretAccessKey: secret,
    endpoint,
  }),
  fc.record({ kind: fc.constant('resend'), apiKey: secret, endpoint }),
)

test('a written route is read as the same', () => {
  fc.assert(fc.property(route, (one) => void expect(readRoute(writeRoute(one))).toEqual(one)))
})

test('a shown route has no secret, and is no route where one is left out', () => {
  fc.assert(
    fc.property(route, (one) => {
      const shown = showRoute(one)
      const secrets = secretsIn(one)
      if (secrets.length === 0) return void expect(readRoute(shown)).toEqual(one)
      expect(caught(() => readRoute(shown)).wrong).toContain(hidden)
      expect(readRoute(shown.replace(hidden, () => encodeURIComponent(secrets[0] as string)))).toEqual(one)
    }),
  )
})

test('any text is a route or a mistake, in time that does not matter', () => {
  const pieces = fc.constantFrom(
    'smtp://',
    'ses://',
    'resend://',
    'direct',
    ':',
    '@',
    '/',
    '?',
    'tls=',
    '%',
    '[',
    ']',
    'a',
    '1.',
    '::',
    '&',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), (parts) => {
      try {
        readRoute(parts.join(''))
      } catch (error) {
        expect(error).toBeInstanceOf(RouteMistake)
      }
    }),
  )
})
