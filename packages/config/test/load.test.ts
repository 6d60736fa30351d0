/** From environment to config: defaults, kinds of value, precedence of the layers, secrets from files. */
import { describe, expect, test } from 'vitest'
import { load, settings } from '../src/index.js'

/** A file system of the given files. */
const files = (content: Record<string, string>) => (path: string) => {
  const found = content[path]
  if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return found
}

test('what Kubernetes and Docker say about a service called postern is no setting', () => {
  const said = {
    POSTERN_SERVICE_HOST: '10.96.0.7',
    POSTERN_SERVICE_PORT: '993',
    POSTERN_SERVICE_PORT_IMAPS: '993',
    POSTERN_PORT: 'tcp://10.96.0.7:993',
    POSTERN_PORT_993_TCP: 'tcp://10.96.0.7:993',
    POSTERN_PORT_993_TCP_PROTO: 'tcp',
    POSTERN_PORT_993_TCP_PORT: '993',
    POSTERN_PORT_993_TCP_ADDR: '10.96.0.7',
    POSTERN_MAIL_SERVICE_HOST: '10.96.0.8',
    POSTERN_MAIL_PORT: 'udp://10.96.0.8:53',
  }
  expect(load(said)).toEqual(load({}))
  expect(() => load({ POSTERN_PORT: '993' })).toThrow('POSTERN_PORT is not a setting')
  expect(() => load({ POSTERN_IMAPS_SERVICE: 'x' })).toThrow('POSTERN_IMAPS_SERVICE is not a setting')
})

describe('defaults', () => {
  test('are those of the contract (A6)', () => {
    expect(load({})).toEqual({
      dataDir: './data',
      hostname: 'localhost',
      bind: '127.0.0.1',
      domain: 'example.test',
      roles: ['imap', 'submission', 'inbound', 'relay', 'api'],
      workers: 1,
      adminKey: undefined,
      imapsPort: 1993,
      imapPort: undefined,
      submissionsPort: 1465,
      submissionPort: 1587,
      mxPort: 2525,
      lmtpPort: 2424,
      lmtpSocket: undefined,
      lmtpNetworks: ['127.0.0.0/8', '::1'],
      httpPort: 8080,
      httpProxyNetworks: [],
      tlsCert: undefined,
      tlsKey: undefined,
      proxyNetworks: [],
      tlsProxyNetworks: [],
      dnsServers: [],
      redisUrl: undefined,
      databaseUrl: undefined,
      blobUrl: undefined,
      connectionsMax: 10_000,
      connectionsPerAddressMax: 500,
      imapSessionsPerInboxMax: 50,
      imapLoginTimeoutMs: 60_000,
      imapIdleTimeoutMs: 1_860_000,
      messageBytesMax: 104_857_600,
      oauthIssuers: [],
      route: { kind: 'none' },
      submissionBytesMax: 10_485_760,
      submissionRecipientsMax: 50,
      submissionLoginTimeoutMs: 60_000,
      submissionIdleTimeoutMs: 300_000,
      submissionSessionMs: 1_800_000,
      showClientAddress: false,
      sendingPerHour: undefined,
      sendingPerDay: undefined,
      auditDays: 90,
      mxBytesMax: 52_428_800,
      sinkAllowPrivate: [],
      mxRecipientsMax: 100,
      mxSessionMs: 1_800_000,
      mxIdleTimeoutMs: 300_000,
      judgeFronts: false,
      litestream: false,
      arcTrusted: [],
      rspamdUrl: undefined,
      mxTrustedNetworks: ['127.0.0.0/8', '::1'],
      mxConnectionsPerMinute: 300,
      mxMessagesPerMinute: 600,
      mxUnknownPerHour: 200,
      greylistMs: 0,
      blocklists: [],
      drainMs: 6_000,
      drainNoticeMs: 0,
      logLevel: 'info',
    })
  })

  test('the config and its lists are frozen', () => {
    const config = load({})
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.roles)).toBe(true)
    expect(Object.isFrozen(config.proxyNetworks)).toBe(true)
  })
})

test.each([
  ['POSTERN_HOSTNAME', 'Mail.Example.COM.', 'hostname', 'mail.example.com'],
  ['POSTERN_BIND', '::', 'bind', '::'],
  ['POSTERN_IMAPS_PORT', '0', 'imapsPort', 0],
  ['POSTERN_IMAPS_PORT', '65535', 'imapsPort', 65_535],
  ['POSTERN_IMAP_PORT', '0', 'imapPort', 0],
  ['POSTERN_HTTP_PORT', '', 'httpPort', 8080],
  ['POSTERN_ROLES', 'relay, imap', 'roles', ['imap', 'relay']],
  [
    'POSTERN_PROXY_NETWORKS',
    '10.0.0.0/8, fd00::/8,192.0.2.7',
    'proxyNetworks',
    ['10.0.0.0/8', 'fd00::/8', '192.0.2.7'],
  ],
  ['POSTERN_ADMIN_KEY', 'sixteen letters!', 'adminKey', 'sixteen letters!'],
  [
    'POSTERN_OAUTH_ISSUERS',
    '[{"issuer":"https://a.test","audience":"p","jwks":"https://a.test/keys"},{"issuer":"b","audience":"p","jwks":"/etc/b.json","claim":"upn","domains":["b.test"]}]',
    'oauthIssuers',
    [
      { issuer: 'https://a.test', audience: 'p', jwks: 'https://a.test/keys', claim: 'email', domains: [] },
      { issuer: 'b', audience: 'p', jwks: '/etc/b.json', claim: 'upn', domains: ['b.test'] },
    ],
  ],
  ['POSTERN_DRAIN_MS', '0', 'drainMs', 0],
  ['POSTERN_LOG_LEVEL', 'silent', 'logLevel', 'silent'],
] as const)('%s=%s', (name, value, field, expected) => {
  expect(load({ [name]: value })[field]).toEqual(expected)
})

describe('layers', () => {
  const envFile = '/etc/postern.env'

  test('the process environment wins over the file, the file over the default', () => {
    const readFile = files({ [envFile]: 'POSTERN_HTTP_PORT=1\nPOSTERN_MX_PORT=2\n' })
    const config = load({ POSTERN_HTTP_PORT: '3' }, { envFile, readFile })
    expect([config.httpPort, config.mxPort, config.imapsPort]).toEqual([3, 2, 1993])
  })

  test('POSTERN_ENV_FILE names the file', () => {
    const readFile = files({ [envFile]: 'POSTERN_DOMAIN=a.test' })
    expect(load({ POSTERN_ENV_FILE: envFile }, { readFile }).domain).toBe('a.test')
  })

  test("other programs' variables are nobody's mistake", () => {
    const readFile = files({ [envFile]: 'PATH=/bin\nTZ=UTC' })
    expect(load({ HOME: '/root' }, { envFile, readFile }).domain).toBe('example.test')
  })

  test('a secret comes from the file that NAME_FILE names', () => {
    const readFile = files({ '/run/secrets/admin': 'a secret of some length\n' })
    expect(load({ POSTERN_ADMIN_KEY_FILE: '/run/secrets/admin' }, { readFile }).adminKey).toBe(
      'a secret of some length',
    )
  })

  test('a value in the environment wins over NAME_FILE in the file', () => {
    const readFile = files({ [envFile]: 'POSTERN_ADMIN_KEY_FILE=/nowhere' })
    expect(load({ POSTERN_ADMIN_KEY: 'sixteen letters!' }, { envFile, readFile }).adminKey).toBe('sixteen letters!')
  })
})

test('every setting is named POSTERN_…, once, and has a sentence', () => {
  const names = Object.values(settings).map((setting) => setting.name)
  expect(new Set(names).size).toBe(names.length)
  for (const setting of Object.values(settings)) {
    expect(setting.name).toMatch(/^POSTERN_[A-Z_]+$/)
    expect(setting.about).toMatch(/^[A-Z].*\.$/s)
  }
})
