/** Where Redis is, in all its forms; what is wrong is said without the value. */
import { expect, test } from 'vitest'
import { ConfigError, load } from '../src/index.js'

const open = { tls: false, username: undefined, password: undefined }
const at = (host: string, port = 6379) => ({ host, port })

test.each([
  ['redis://localhost', { ...open, kind: 'single', at: at('localhost'), db: 0 }],
  ['redis://127.0.0.1:7000/3', { ...open, kind: 'single', at: at('127.0.0.1', 7000), db: 3 }],
  ['redis://:s%40fe@r/', { ...open, kind: 'single', password: 's@fe', at: at('r'), db: 0 }],
  [
    'redis://u:a:b@[2001:db8::7]:1',
    { ...open, kind: 'single', username: 'u', password: 'a:b', at: at('2001:db8::7', 1), db: 0 },
  ],
  [
    'rediss://u:p@redis:6380/1',
    { kind: 'single', tls: true, username: 'u', password: 'p', at: at('redis', 6380), db: 1 },
  ],
  [
    'redis+sentinel://:p@a,b:7/mail/2?sentinel-password=q%2F',
    {
      ...open,
      kind: 'sentinel',
      password: 'p',
      sentinels: [at('a', 26_379), at('b', 7)],
      name: 'mail',
      sentinelPassword: 'q/',
      db: 2,
    },
  ],
  ['rediss+cluster://a,b:7', { ...open, kind: 'cluster', tls: true, nodes: [at('a'), at('b', 7)] }],
] as const)('%s', (value, expected) => {
  expect(load({ POSTERN_REDIS_URL: value }).redisUrl).toEqual(expected)
})

test.each([
  ['http://redis', /^must look like redis:\/\//],
  ['redis://u:hunter2/x@host', /write @ as %40/],
  ['redis://hunter2:p%4@host', /%25/],
  ['redis://', /must name hosts/],
  ['redis://a b', /must name hosts/],
  ['redis://host:0', /must name hosts/],
  ['redis://host:70000', /must name hosts/],
  ['redis://[2001:db8::7', /must name hosts/],
  ['redis://a,b', /several hosts/],
  ['redis://a/mail', /number of a database/],
  ['redis://a/1/2', /must look like/],
  ['redis+sentinel://a,b', /needs the name/],
  ['redis+sentinel://a/mail/1/2', /needs the name/],
  ['redis+cluster://a/1', /only one/],
  ['redis://a?tls=hunter2', /sentinel-password/],
  ['redis+cluster://a?sentinel-password=hunter2', /sentinel-password/],
])('%s is refused', (value, wrong) => {
  try {
    load({ POSTERN_REDIS_URL: value })
    expect.unreachable()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.mistakes).toEqual([
      { name: 'POSTERN_REDIS_URL', wrong: expect.stringMatching(wrong), fix: expect.any(String) },
    ])
    expect(error.message).not.toContain('hunter2')
  }
})
