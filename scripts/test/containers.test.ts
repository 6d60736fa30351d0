// The files that containers are made of, read beside what they speak of: settings, ports, paths and clocks that must not drift apart.
// `npm run containers` builds and runs them, where podman is.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '@postern/config'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const dockerfile = read('config/Dockerfile')
const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
const known: readonly string[] = Object.values(settings).flatMap(({ name }) => [name, `${name}_FILE`])

const variablesOf = (text: string): string[] => [...new Set(text.match(/\bPOSTERN_[A-Z_]+/g))]

describe.each(['config/Dockerfile', 'config/compose.yaml', 'config/compose.redis.yaml', 'scripts/healthy.mjs'])(
  '%s',
  (name) => {
    test('names settings that there are', () => {
      expect(variablesOf(read(name)).filter((variable) => !known.includes(variable))).toEqual([])
    })
  },
)

describe('the image', () => {
  test('has paths that there are', () => {
    const paths = [...lastStage.matchAll(/\/app\/([\w./-]+\.m?js)/g)].map((match) => match[1] as string)
    expect(paths).toEqual(expect.arrayContaining(['scripts/healthy.mjs', 'apps/gateway/bin/postern.js']))
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('ends with neither a compiler nor root', () => {
    expect(lastStage).not.toMatch(/apt-get|npm |g\+\+/)
    expect(lastStage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
    expect(lastStage.indexOf('USER ')).toBeLessThan(lastStage.indexOf('ENTRYPOINT'))
  })

  test('opens the doors that it says', () => {
    const ports = [...lastStage.matchAll(/^ {2}POSTERN_\w+_PORT=(\d+)/gm)].map((match) => match[1])
    expect(lastStage).toMatch(new RegExp(`^EXPOSE ${ports.join(' ')}$`, 'm'))
  })

  test('is made of nothing that lies about', () => {
    const ignored = read('.dockerignore').split('\n')
    expect(ignored).toEqual(expect.arrayContaining(['.git', '**/node_modules', '**/dist', 'data']))
  })
})

describe.each([
  ['config/compose.yaml', ['postern']],
  ['config/compose.redis.yaml', ['imap', 'submission', 'inbound', 'relay']],
])('%s', (name, services) => {
  const text = read(name)

  test('gives a stop longer than a drain and a close take', () => {
    const graceMs = Number(/stop_grace_period: (\d+)s/.exec(text)?.[1]) * 1_000
    expect(graceMs).toBeGreaterThan(Number(settings.drainMs.default) + 20_000)
  })

  test('is for a root that is read-only, and grants nothing', () => {
    for (const line of ['read_only: true', 'cap_drop:\n', '- ALL\n', 'no-new-privileges:true'])
      expect(text).toContain(line)
    expect(text).not.toMatch(/privileged: true|cap_add/)
  })

  test('publishes each door once, what has no TLS to this machine only', () => {
    const published = [...text.matchAll(/- "(\S+)"/g)].map((match) => match[1]).filter((port) => port?.includes(':'))
    expect(published.toSorted()).toEqual(['127.0.0.1:8080:8080', '25:25', '465:465', '587:587', '993:993'].toSorted())
  })

  test('starts each role that can be had', () => {
    for (const service of services) expect(text).toContain(`\n  ${service}:\n`)
    const roles = [...text.matchAll(/"--roles", "(\w+)"/g)].map((match) => match[1])
    expect(roles).toEqual(services.filter((service) => service !== 'postern'))
  })
})
