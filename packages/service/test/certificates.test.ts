/** Certificates: self-made ones that strict clients accept, files that are swapped while serving, SNI, sessions that go on. */
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { UnusableCertificate } from '../src/index.js'
import { generateKey, issueCa, issueServer } from '../src/tls/issue-certificate.js'
import { ensureSelfMade } from '../src/tls/self-made.js'
import { type Given, givenCertificates, givenListener, soon, temporaryDirectory, tlsClient } from './setting.js'

const run = promisify(execFile)
const dayMs = 86_400_000
const nowMs = Date.parse('2026-06-01T12:00:00Z')

const has = (program: string, args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  )
const hasOpenssl = await has('openssl', ['version'])
const hasPython = await has('python3', ['-c', 'import ssl'])

function read(path: string): X509Certificate {
  return new X509Certificate(readFileSync(path))
}

/** A pair signed by a CA that nobody trusts, for the names. */
function writePair(directory: string, names: string[], { lifeMs = 90 * dayMs, fromMs = Date.now() - dayMs } = {}) {
  mkdirSync(directory, { recursive: true })
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
  const [caKey, key] = [generateKey(), generateKey()]
  const period = { notBefore: new Date(fromMs), notAfter: new Date(fromMs + lifeMs) }
  writeFileSync(files.key, key)
  writeFileSync(files.cert, issueServer({ key: caKey }, key, { names, ...period }))
  return files
}

/** The names of the certificate that a handshake with this SNI gets. */
async function servedNames(port: number, servername?: string): Promise<string> {
  const client = tlsClient(port, servername === undefined ? {} : { servername })
  await new Promise((resolve, reject) => client.socket.once('secureConnect', resolve).once('error', reject))
  const names = client.socket.getPeerCertificate().subjectaltname ?? ''
  await client.closed
  return names.replaceAll('DNS:', '')
}

describe('self-made', () => {
  const made = async (directory: string, hostname = 'mail.example.test', atMs = nowMs) => {
    const { cert, key, caFile, renewed } = await ensureSelfMade(directory, { hostname, nowMs: atMs })
    return { renewed, cert: read(cert), ca: read(caFile), files: { cert, key, caFile } }
  }

  test('a CA for ten years and a certificate for 397 days, for the host and this machine', async () => {
    const directory = temporaryDirectory()
    const { cert, ca, renewed } = await made(directory)
    expect(renewed).toBe(true)
    expect(ca.ca).toBe(true)
    expect(cert.ca).toBe(false)
    expect(cert.checkIssued(ca)).toBe(true)
    expect(cert.verify(ca.publicKey)).toBe(true)
    expect(cert.subjectAltName).toBe(
      'DNS:mail.example.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    )
    expect(cert.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(Date.parse(cert.validTo) - Date.parse(cert.validFrom)).toBe(397 * dayMs)
    expect(Date.parse(ca.validTo) - nowMs).toBe(3652 * dayMs)
    expect(cert.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  })

  test('keys are readable by their owner only', async () => {
    const directory = temporaryDirectory()
    await made(directory)
    for (const name of ['ca.key', 'key.pem']) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['nothing changed', 0, 'mail.example.test', false],
    ['31 days and more are left', 365 * dayMs, 'mail.example.test', false],
    ['less than 30 days are left', 368 * dayMs, 'mail.example.test', true],
    ['it has ended', 500 * dayMs, 'mail.example.test', true],
    ['the host has another name', 0, 'mx.example.test', true],
  ])('on the next start, when %s', async (_, laterMs, hostname, renewed) => {
    const directory = temporaryDirectory()
    const first = await made(directory)
    const second = await made(directory, hostname, nowMs + laterMs)
    expect(second.renewed).toBe(renewed)
    expect(second.ca.fingerprint256).toBe(first.ca.fingerprint256)
    expect(second.cert.fingerprint256 === first.cert.fingerprint256).toBe(!renewed)
    expect(second.cert.checkHost(hostname)).toBe(hostname)
  })

  test.each(['192.0.2.7', 'a'.repeat(60).concat('.').repeat(4).concat('test')])('for the host %s', async (hostname) => {
    const { cert } = await made(temporaryDirectory(), hostname)
    expect(cert.checkHost(hostname) ?? cert.checkIP(hostname)).toBe(hostname)
  })

  test('what was cut off in the middle is made whole, with the same CA', async () => {
    const directory = temporaryDirectory()
    const first = await made(directory)
    for (const name of ['key.pem', 'cert.pem']) {
      writeFileSync(join(directory, name), '-----BEGIN')
      expect((await made(directory)).renewed).toBe(true)
    }
    for (const spoil of [
      () => rmSync(join(directory, 'ca.pem')),
      () => writeFileSync(join(directory, 'ca.pem'), 'x'),
    ]) {
      spoil()
      rmSync(join(directory, 'cert.pem'))
      expect((await made(directory)).ca.subject).toBe(first.ca.subject)
    }
    const again = await made(directory)
    expect(again.ca.publicKey.export({ type: 'spki', format: 'pem' })).toBe(
      first.ca.publicKey.export({ type: 'spki', format: 'pem' }),
    )
    expect(again.ca.subject).toBe(first.ca.subject)
  })

  test('a key of another certificate is not served', async () => {
    const directory = temporaryDirectory()
    await made(directory)
    writeFileSync(join(directory, 'key.pem'), generateKey())
    expect((await made(directory)).renewed).toBe(true)
  })

  test('without its key the CA is not replaced in silence', async () => {
    const directory = temporaryDirectory()
    await made(directory)
    rmSync(join(directory, 'ca.key'))
    expect((await made(directory)).renewed).toBe(false)
    await expect(made(directory, 'mx.example.test')).rejects.toThrow(/ca\.key is missing, but .*ca\.pem is there/)
  })

  test('where two processes made a CA at once, one of them remains', async () => {
    const [directory, other] = [temporaryDirectory(), temporaryDirectory()]
    await made(directory)
    await made(other)
    writeFileSync(join(directory, 'ca.key'), readFileSync(join(other, 'ca.key')))
    rmSync(join(directory, 'cert.pem'))
    const { cert, ca } = await made(directory)
    expect(cert.verify(ca.publicKey)).toBe(true)
    expect(ca.subject).toBe(read(join(other, 'ca.pem')).subject)
    expect((await made(directory)).renewed).toBe(false)
  })

  test('a CA near its end is prolonged with the same key', async () => {
    const directory = temporaryDirectory()
    const first = await made(directory)
    const second = await made(directory, 'mail.example.test', nowMs + 3640 * dayMs)
    expect(second.ca.fingerprint256).not.toBe(first.ca.fingerprint256)
    expect(second.ca.subject).toBe(first.ca.subject)
    expect(second.cert.verify(first.ca.publicKey)).toBe(true)
  })

  test('near the end of its CA a certificate does not outlive it', async () => {
    const directory = temporaryDirectory()
    await made(directory)
    const { cert, ca } = await made(directory, 'mail.example.test', nowMs + 3600 * dayMs)
    expect(cert.validTo).toBe(ca.validTo)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('node verifies it by ca.pem, %s', async (maxVersion) => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates })
    const ca = readFileSync(certificates.caFile!)
    for (const servername of ['mail.example.test', 'localhost']) {
      const client = tlsClient(port, { ca, servername, rejectUnauthorized: true, maxVersion })
      expect(await client.closed).toBe('hello\r\n')
      expect(client.socket.authorized).toBe(true)
    }
  })

  test.runIf(hasOpenssl)('openssl verifies it by ca.pem, strictly', async () => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates })
    const strict = ['-x509_strict', '-verify_return_error', '-verify_hostname', 'mail.example.test']
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      'mail.example.test',
      '-CAfile',
      certificates.caFile!,
    ]
    const { stdout } = await run('openssl', [...args, ...strict, '-ign_eof'])
    expect(stdout).toContain('Verify return code: 0 (ok)')
    expect(stdout).toContain('hello')
    await expect(run('openssl', [...args.slice(0, -2), ...strict])).rejects.toThrow(/unable to/)
  })

  test.runIf(hasPython)("python verifies it by ca.pem, by 3.13's strict rules", async () => {
    const { certificates } = await givenCertificates()
    const { port } = await givenListener({ tls: certificates })
    const program = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, 'VERIFY_X509_PARTIAL_CHAIN', 0)
for name in ('mail.example.test', '127.0.0.1'):
    with socket.create_connection(('127.0.0.1', int(sys.argv[2]))) as raw:
        with context.wrap_socket(raw, server_hostname=name) as secure:
            print(secure.recv(100))`
    const { stdout } = await run('python3', ['-c', program, certificates.caFile!, String(port)])
    expect(stdout).toBe("b'hello\\r\\n'\n".repeat(2))
  })
})

describe('swapping', () => {
  const expiryOf = async ({ metrics }: Given) =>
    /certificate_expiry_timestamp_seconds{certificate="default"} (\d+)/.exec(await metrics.registry.metrics())?.[1]

  test('new files are served without a restart, and their expiry told', async () => {
    const files = writePair(temporaryDirectory(), ['one.test'])
    const given = await givenCertificates({ files, watchMs: 10 })
    const { port } = await givenListener({ tls: given.certificates })
    const swapped = vi.fn()
    given.certificates.onSwap(swapped)
    expect(await servedNames(port)).toBe('one.test')
    const expiry = await expiryOf(given)
    expect(Number(expiry) * 1000).toBe(Date.parse(read(files.cert).validTo))

    writePair(join(files.cert, '..'), ['two.test'], { lifeMs: 30 * dayMs })
    await soon(async () => expect(await servedNames(port)).toBe('two.test'))
    expect(await expiryOf(given)).not.toBe(expiry)
    expect(swapped).toHaveBeenCalled()
    expect(given.certificates.caFile).toBeUndefined()
    expect(given.certificates.defaultPem().cert).toBe(readFileSync(files.cert, 'utf8'))
  })

  test.each([
    ['no PEM at all', (files: { cert: string }) => writeFileSync(files.cert, 'nonsense')],
    ['half a file', (files: { cert: string }) => writeFileSync(files.cert, readFileSync(files.cert).subarray(0, 300))],
    ['the key of another', (files: { key: string }) => writeFileSync(files.key, generateKey())],
    ['a key that is gone', (files: { key: string }) => rmSync(files.key)],
  ])('a bad pair is logged once and the one before stays: %s', async (_, spoil) => {
    const files = writePair(temporaryDirectory(), ['one.test'])
    const { certificates, log } = await givenCertificates({ files })
    const { port } = await givenListener({ tls: certificates })
    spoil(files)
    await certificates.refresh()
    await certificates.refresh()
    expect(await servedNames(port)).toBe('one.test')
    expect(log.text().match(/the one before stays/g)).toHaveLength(1)
    writePair(join(files.cert, '..'), ['two.test'])
    await certificates.refresh()
    expect(await servedNames(port)).toBe('two.test')
  })

  test.each<[string, 'cert' | 'key', (path: string) => void, string]>([
    ['the key of another', 'key', (path) => writeFileSync(path, generateKey()), 'is not the key of the certificate in'],
    ['no key', 'key', (path) => writeFileSync(path, 'x'), 'has no private key in PEM without a passphrase'],
    ['no certificate', 'cert', (path) => writeFileSync(path, 'x'), 'has no certificate in PEM'],
    ['a file that is gone', 'cert', (path) => rmSync(path), "can't be read (ENOENT)"],
  ])('a bad pair at start is an error that names the file: %s', async (_, which, spoil, wrong) => {
    const files = writePair(temporaryDirectory(), ['one.test'])
    spoil(files[which])
    const opening = givenCertificates({ files })
    await expect(opening).rejects.toThrow(UnusableCertificate)
    await expect(opening).rejects.toThrow(`${files[which]} ${wrong}`)
  })

  test("a self-made CA's key that is damaged is an error that names it", async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'ca.key'), 'x')
    await expect(ensureSelfMade(directory, { hostname: 'a.test', nowMs })).rejects.toThrow(
      `${join(directory, 'ca.key')} has no private key in PEM`,
    )
  })

  test('a pair that could not be used is tried again, even when its files look the same', async () => {
    const files = writePair(temporaryDirectory(), ['one.test'])
    const { certificates } = await givenCertificates({ files })
    writePair(join(files.cert, '..'), ['two.test'])
    const key = readFileSync(files.key)
    const writeAtNoon = (content: Buffer) => {
      writeFileSync(files.key, content)
      utimesSync(files.key, new Date(nowMs), new Date(nowMs))
    }
    writeAtNoon(Buffer.alloc(key.length))
    await certificates.refresh()
    writeAtNoon(key)
    await certificates.refresh()
    expect(certificates.defaultPem().key).toBe(key.toString())
  })

  test('files of the same size and time as before are told apart when they were replaced', async () => {
    const files = writePair(temporaryDirectory(), ['one.test'])
    const { certificates } = await givenCertificates({ files })
    const before = statSync(files.cert)
    const other = writePair(temporaryDirectory(), ['two.test'])
    for (const name of ['cert', 'key'] as const) {
      rmSync(files[name])
      writeFileSync(files[name], readFileSync(other[name]))
      utimesSync(files[name], before.atime, new Date(before.mtimeMs + 1000))
    }
    await certificates.refresh()
    expect(new X509Certificate(certificates.defaultPem().cert).subjectAltName).toBe('DNS:two.test')
  })

  test('an expired certificate is served, with a warning', async () => {
    const files = writePair(temporaryDirectory(), ['one.test'], { fromMs: Date.now() - 100 * dayMs })
    const { log } = await givenCertificates({ files })
    expect(log.text()).toContain('certificate has expired')
  })

  test('the self-made certificate is renewed while it is served', async () => {
    let clockMs = Date.now()
    const { certificates, log } = await givenCertificates({ nowMs: () => clockMs })
    const before = certificates.defaultPem().cert
    await certificates.refresh()
    expect(certificates.defaultPem().cert).toBe(before)
    clockMs += 370 * dayMs
    await certificates.refresh()
    expect(certificates.defaultPem().cert).not.toBe(before)
    expect(log.text().match(/made a certificate/g)).toHaveLength(2)
  })
})

describe('SNI (contract A7)', () => {
  test.each([
    ['one.test', 'one.test, *.one.test'],
    ['ONE.test', 'one.test, *.one.test'],
    ['one.test.', 'one.test, *.one.test'],
    ['imap.one.test', 'one.test, *.one.test'],
    ['imap.one.test.', 'one.test, *.one.test'],
    ['two.test', 'two.test'],
    ['a.imap.one.test', 'default'],
    ['imap.two.test', 'default'],
    ['three.test', 'default'],
    [undefined, 'default'],
  ])('%s gets %s', async (servername, expected) => {
    const given = await givenCertificates()
    writePair(join(given.dataDir, 'tls/domains/first'), ['one.test', '*.one.test'])
    writePair(join(given.dataDir, 'tls/domains/two.test'), ['two.test'])
    await given.certificates.refresh()
    const { port } = await givenListener({ tls: given.certificates })
    const names = await servedNames(port, servername)
    expect(names).toMatch(expected === 'default' ? /^mail\.example\.test/ : expected)
  })

  test('no domain can take the place of the default', async () => {
    const given = await givenCertificates()
    writePair(join(given.dataDir, 'tls/domains/default'), ['one.test'])
    await given.certificates.refresh()
    const { port } = await givenListener({ tls: given.certificates })
    expect(await servedNames(port)).toMatch(/^mail/)
  })

  test('a domain comes and goes, a broken one disturbs no other', async () => {
    const given = await givenCertificates()
    const { port } = await givenListener({ tls: given.certificates })
    const directory = join(given.dataDir, 'tls/domains/one.test')
    writePair(directory, ['one.test'])
    mkdirSync(join(given.dataDir, 'tls/domains/broken'))
    writeFileSync(join(given.dataDir, 'tls/domains/a-file'), '')
    await given.certificates.refresh()
    expect(await servedNames(port, 'one.test')).toBe('one.test')
    expect(await given.metrics.registry.metrics()).toContain('certificate="one.test"')
    expect(given.log.text()).toContain('"certificate":"broken"')
    rmSync(directory, { recursive: true })
    await given.certificates.refresh()
    expect(await servedNames(port, 'one.test')).toMatch(/^mail/)
    expect(await given.metrics.registry.metrics()).not.toContain('certificate="one.test"')
  })
})

describe('sessions', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'go on at another listener and with a swapped certificate, %s',
    async (maxVersion) => {
      const files = writePair(temporaryDirectory(), ['mail.example.test'])
      const { certificates } = await givenCertificates({ files })
      const [one, two] = [await givenListener({ tls: certificates }), await givenListener({ tls: certificates })]
      let session: Buffer | undefined
      const goesOn = async (port: number) => {
        const client = tlsClient(port, { servername: 'mail.example.test', maxVersion, ...(session && { session }) })
        client.socket.on('session', (ticket) => {
          session = ticket
        })
        let isReused = false
        client.socket.once('secureConnect', () => {
          isReused = client.socket.isSessionReused()
        })
        await client.closed
        return isReused
      }
      expect(await goesOn(one.port)).toBe(false)
      expect(await goesOn(two.port)).toBe(true)
      writePair(join(files.cert, '..'), ['mail.example.test'])
      await certificates.refresh()
      expect(await goesOn(one.port)).toBe(true)
    },
  )
})

test('a CA made twice from one key is the same CA', () => {
  const key = generateKey()
  const period = { notBefore: new Date(nowMs), notAfter: new Date(nowMs + dayMs) }
  const [one, two] = [new X509Certificate(issueCa(key, period)), new X509Certificate(issueCa(key, period))]
  expect(one.subject).toBe(two.subject)
  expect(one.serialNumber).not.toBe(two.serialNumber)
  expect(one.checkIssued(two)).toBe(true)
})
