/** What load() says when something is wrong: all of it at once, by name, with what to set, and never a secret's value. */
import { expect, test } from 'vitest'
import { ConfigError, load, type Mistake } from '../src/index.js'

function mistakesOf(env: Record<string, string>, fileContent?: string): readonly Mistake[] {
  const options = fileContent === undefined ? {} : { envFile: 'my.env', readFile: () => fileContent }
  try {
    load(env, options)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

test.each([
  ['POSTERN_IMAPS_PORT', '65536', /port number/],
  ['POSTERN_IMAPS_PORT', '-1', /port number/],
  ['POSTERN_IMAPS_PORT', '1e3', /port number/],
  ['POSTERN_IMAPS_PORT', '993 ', /port number/],
  ['POSTERN_HOSTNAME', 'not a name', /host name/],
  ['POSTERN_HOSTNAME', `${'a'.repeat(64)}.example`, /host name/],
  ['POSTERN_HOSTNAME', '-a.example', /host name/],
  ['POSTERN_BIND', 'localhost', /IP address/],
  ['POSTERN_ROLES', 'imap,smtp', /"all" or a comma list of imap, submission/],
  ['POSTERN_ROLES', ',', /comma list/],
  ['POSTERN_ROLES', 'all,imap', /comma list/],
  ['POSTERN_PROXY_NETWORKS', '10.0.0.0/33', /networks/],
  ['POSTERN_PROXY_NETWORKS', '10.0.0.0/8/8', /networks/],
  ['POSTERN_PROXY_NETWORKS', 'fd00::/', /networks/],
  ['POSTERN_PROXY_NETWORKS', 'balancer', /networks/],
  ['POSTERN_REDIS_URL', 'http://redis', /must look like redis:\/\//],
  ['POSTERN_DATABASE_URL', 'localhost:5432', /postgres:\/\//],
  ['POSTERN_ADMIN_KEY', 'fifteen letters', /at least 16/],
  ['POSTERN_CONNECTIONS_MAX', '0', /from 1 to 1000000/],
  ['POSTERN_IMAP_IDLE_TIMEOUT_MS', '1799999', /from 1800000 to/],
  ['POSTERN_MESSAGE_BYTES_MAX', '1000', /from 65536 to/],
  ['POSTERN_TLS_PROXY_NETWORKS', 'everything', /networks/],
  ['POSTERN_OAUTH_ISSUERS', 'https://login.example.com', /JSON list/],
  ['POSTERN_OAUTH_ISSUERS', '{"issuer":"a","audience":"b","jwks":"c"}', /JSON list/],
  ['POSTERN_OAUTH_ISSUERS', '[{"issuer":"a","jwks":"c"}]', /JSON list/],
  ['POSTERN_OAUTH_ISSUERS', '[{"issuer":"a","audience":"b","jwks":"http://login.example.com/keys"}]', /https URL/],
  ['POSTERN_OAUTH_ISSUERS', '[{"issuer":"a","audience":"b","jwks":"ftp://login.example.com"}]', /https URL/],
  ['POSTERN_OAUTH_ISSUERS', '[{"issuer":"a","audience":"b","jwks":"c","domain":"d"}]', /JSON list/],
  [
    'POSTERN_OAUTH_ISSUERS',
    '[{"issuer":"a","audience":"b","jwks":"c"},{"issuer":"a","audience":"b","jwks":"d"}]',
    /each issuer once/,
  ],
  ['POSTERN_SUBMISSION_BYTES_MAX', '1000', /from 1024 to/],
  ['POSTERN_SUBMISSION_RECIPIENTS_MAX', '1001', /from 1 to 1000/],
  ['POSTERN_SUBMISSION_SESSION_MS', '10', /from 1000 to/],
  ['POSTERN_SHOW_CLIENT_ADDRESS', 'yes', /one of true, false/],
  ['POSTERN_SENDING_PER_HOUR', '0', /from 1 to 1000000000/],
  ['POSTERN_SENDING_PER_DAY', 'many', /recipients/],
  ['POSTERN_DRAIN_MS', '1.5', /milliseconds/],
  ['POSTERN_LOG_LEVEL', 'verbose', /fatal, error, warn/],
])('%s=%s is refused', (name, value, wrong) => {
  const mistakes = mistakesOf({ [name]: value })
  expect(mistakes).toEqual([{ name, wrong: expect.stringMatching(wrong), fix: expect.stringMatching(/\.$/) }])
})

test.each([
  [
    'smtp://relay.example.net:465',
    'is smtp:// on port 465, where TLS begins at once. Write smtps://user:password@host:465',
  ],
  [
    'smtp://me:hunter2-secret:x@relay.example.net',
    'has a : in its user name or password. Write a : of either of them as %3A',
  ],
  ['postfix', 'is none of the known routes. Write none, direct, smtp://'],
])('the route %s is refused with what to write instead', (route, wrong) => {
  const [mistake, ...more] = mistakesOf({ POSTERN_ROUTE: route })
  expect(more).toEqual([])
  expect(mistake).toEqual({ name: 'POSTERN_ROUTE', wrong: expect.stringContaining(wrong), fix: 'The default is none.' })
})

test.each([
  [{ POSTERN_ROUTE: 'smtp://localhost:1587' }],
  [{ POSTERN_ROUTE: 'smtp://127.0.0.2:2525?tls=none', POSTERN_BIND: '0.0.0.0' }],
  [{ POSTERN_ROUTE: 'smtp://[::1]:1587', POSTERN_BIND: '::' }],
  [{ POSTERN_ROUTE: 'smtps://me:pw@192.0.2.7', POSTERN_BIND: '192.0.2.7', POSTERN_SUBMISSIONS_PORT: '465' }],
  [{ POSTERN_ROUTE: 'smtp://Mail.Example.org', POSTERN_HOSTNAME: 'mail.example.org', POSTERN_SUBMISSION_PORT: '587' }],
])('a route to a listener of its own: %o', (env) => {
  const fix = 'Name the host that takes mail for other servers.'
  expect(mistakesOf(env)).toEqual([{ name: 'POSTERN_ROUTE', wrong: expect.stringContaining('in a circle'), fix }])
})

test.each([
  [{ POSTERN_ROUTE: 'smtp://localhost:25?tls=none' }],
  [{ POSTERN_ROUTE: 'smtp://127.0.0.1:1587', POSTERN_BIND: '192.0.2.7' }],
  [{ POSTERN_ROUTE: 'smtp://mail.example.org', POSTERN_HOSTNAME: 'mail.example.org' }],
  [{ POSTERN_ROUTE: 'smtp://localhost:1587', POSTERN_SUBMISSION_PORT: '0' }],
])('a route to another server on the machine is none: %o', (env) => {
  expect(mistakesOf(env)).toEqual([])
})

test('time for a balancer to notice that leaves none for goodbyes', () => {
  const env = { POSTERN_DRAIN_MS: '5000', POSTERN_DRAIN_NOTICE_MS: '5000' }
  const wrong = 'is 5000, and nothing of POSTERN_DRAIN_MS (5000) is left to say goodbye in'
  const fix = 'Give POSTERN_DRAIN_MS some seconds more than that.'
  expect(mistakesOf(env)).toEqual([{ name: 'POSTERN_DRAIN_NOTICE_MS', wrong, fix }])
  expect(mistakesOf({ ...env, POSTERN_DRAIN_NOTICE_MS: '3000' })).toEqual([])
  expect(mistakesOf({ POSTERN_DRAIN_MS: '0' })).toEqual([])
})

test('all mistakes come at once, each with its name, in one message', () => {
  expect(() =>
    load({ POSTERN_HTTP_PORT: 'web', POSTERN_BIND: 'everywhere', POSTERN_TLS_CERT: '/c.pem', POSTERN_HTTP_PROT: '80' }),
  ).toThrowErrorMatchingInlineSnapshot(`
    [ConfigError: 4 settings are wrong:
      POSTERN_HTTP_PROT is not a setting. Did you mean POSTERN_HTTP_PORT?
      POSTERN_BIND must be an IP address such as 127.0.0.1, 0.0.0.0 or :: (it is "everywhere"). The default is 127.0.0.1.
      POSTERN_HTTP_PORT must be a port number from 1 to 65535, or 0 for any free port (it is "web"). The default is 8080.
      POSTERN_TLS_KEY is not set, but POSTERN_TLS_CERT is. Set both to the PEM files of one certificate, or neither to let Postern make its own.]
  `)
})

test.each([
  ['POSTERN_DATA_DRI', 'Did you mean POSTERN_DATA_DIR?'],
  ['POSTERN_ADMIN_KEY_FIEL', 'Did you mean POSTERN_ADMIN_KEY_FILE?'],
  ['POSTERN_ENV_FILES', 'Did you mean POSTERN_ENV_FILE?'],
  ['POSTERN_FEATURE_OF_ANOTHER_KIND', 'Remove it; config/postern.env.example lists every setting.'],
])('unknown %s: %s', (name, fix) => {
  expect(mistakesOf({ [name]: 'x' })).toEqual([{ name, wrong: 'is not a setting', fix }])
})

test.each([
  [{ POSTERN_TLS_KEY: 'k' }, 'POSTERN_TLS_CERT', 'is not set, but POSTERN_TLS_KEY is'],
  [{ POSTERN_MX_PORT: '1993' }, 'POSTERN_MX_PORT', 'is 1993, the same as POSTERN_IMAPS_PORT'],
])('settings that do not go together: %o', (env, name, wrong) => {
  expect(mistakesOf(env)).toEqual([{ name, wrong, fix: expect.any(String) }])
})

test('several listeners may all ask for any free port', () => {
  expect(mistakesOf({ POSTERN_MX_PORT: '0', POSTERN_IMAPS_PORT: '0' })).toEqual([])
})

test.each([
  ['a value that is wrong', { POSTERN_ADMIN_KEY: 'hunter2-secret' }, undefined],
  ['a route that is wrong', { POSTERN_ROUTE: 'smtp://me:hunter2-secret@relay.example.net:port' }, undefined],
  ['a URL that is wrong', { POSTERN_REDIS_URL: 'http://u:hunter2-secret@h' }, undefined],
  ['a line that is wrong', {}, 'POSTERN_ADMIN_KEY hunter2-secret'],
  ['quotes that are wrong', {}, 'POSTERN_ADMIN_KEY="hunter2-secret'],
  ['a second line', {}, 'POSTERN_ADMIN_KEY=hunter2-secret-1\nPOSTERN_ADMIN_KEY=hunter2-secret-2'],
])('a secret is never printed: %s', (_, env, content) => {
  const mistakes = mistakesOf(env, content)
  expect(mistakes.length).toBeGreaterThan(0)
  expect(new ConfigError(mistakes).message).not.toContain('hunter2')
})

test.each([
  ['both forms', { POSTERN_ADMIN_KEY: 'sixteen letters!', POSTERN_ADMIN_KEY_FILE: '/k' }, 'POSTERN_ADMIN_KEY'],
  ['no such file', { POSTERN_ADMIN_KEY_FILE: '/does/not/exist' }, 'POSTERN_ADMIN_KEY_FILE'],
  ['no such env file', { POSTERN_ENV_FILE: '/does/not/exist' }, 'POSTERN_ENV_FILE'],
  ['an empty file', { POSTERN_ADMIN_KEY_FILE: '/dev/null' }, 'POSTERN_ADMIN_KEY_FILE'],
])('files of secrets: %s', (_, env, name) => {
  expect(mistakesOf(env).map((mistake) => mistake.name)).toEqual([name])
})

test('a port without a default that another listener has is one to unset', () => {
  expect(mistakesOf({ POSTERN_IMAP_PORT: '1993' })).toEqual([
    {
      name: 'POSTERN_IMAP_PORT',
      wrong: 'is 1993, the same as POSTERN_IMAPS_PORT',
      fix: 'Give each listener a port of its own; this one may be unset.',
    },
  ])
})
