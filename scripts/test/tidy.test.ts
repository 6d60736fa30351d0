// Each rule of tidy is shown what it's there for: one file that it must find, and its neighbours that it must leave alone.

import { describe, expect, test } from 'vitest'
import { blankOut } from '../tidy/blank-out.mjs'
import { docTruth } from '../tidy/doc-truth.mjs'
import { doors } from '../tidy/doors.mjs'
import { fileShape } from '../tidy/file-shape.mjs'
import { leftovers } from '../tidy/leftovers.mjs'
import { machineTraces } from '../tidy/machine-traces.mjs'
import { purity } from '../tidy/purity.mjs'
import { rfcCitations, staleIndex } from '../tidy/rfc-citations.mjs'
import { indexPath, renderIndex, sectionsOf } from '../tidy/rfc-index.mjs'
import { testTools } from '../tidy/test-tools.mjs'
import { createTree } from '../tidy/tree.mjs'

interface Rule {
  check(tree: unknown): Iterable<{ path: string; line: number; say: string }>
}

const manifest = (name: string) => JSON.stringify({ name: `@postern/${name}` })
const tagged = (tag: string) => JSON.stringify({ tags: [tag] })
const house = {
  'package.json': JSON.stringify({ scripts: { test: 'x', start: 'x', tidy: 'x' } }),
  'packages/wire/package.json': manifest('wire'),
  'packages/wire/turbo.json': tagged('pure'),
  'packages/message/package.json': manifest('message'),
  'packages/message/turbo.json': tagged('pure'),
  'packages/store/package.json': manifest('store'),
  'packages/store/turbo.json': tagged('store'),
  'apps/imap/package.json': manifest('imap'),
  'apps/imap/turbo.json': tagged('app'),
  'apps/gateway/package.json': manifest('gateway'),
  'apps/gateway/turbo.json': tagged('gateway'),
}
const rfcSections = new Map([['9051', new Set(['6', '6.4', '6.4.8', 'A', 'A.1'])]])

/** `path:line` of each finding in the house with these files in it. */
function found(rule: Rule, files: Record<string, string>): string[] {
  const tree = createTree(new Map(Object.entries({ ...house, ...files })), { rfcSections })
  return [...rule.check(tree)].map(({ path, line }) => `${path}:${line}`)
}

describe('purity', () => {
  const pure = 'packages/wire/src/a.ts'
  test.each([
    ["import { readFile } from 'node:fs'", 'a Node module'],
    ["import fs from 'fs'", 'a Node module without its prefix'],
    ["import { z } from 'zod'", 'an npm package'],
    ["export * from 'zod'", 'an npm package passed on'],
    ["const zod = await import('zod')", 'an npm package loaded late'],
    ["import { Store } from '@postern/store'", 'a package of another layer'],
    ["import iconv from 'iconv-lite'", 'charset tables elsewhere than in their file'],
    ['const now = Date.now()', 'the clock'],
    ['const now = new Date()', 'the clock as an object'],
    ['const now = Date()', 'the clock as text'],
    ['const dice = Math.random()', 'randomness'],
    ['const id = crypto.randomUUID()', 'randomness by a global'],
    ['const t = performance.now()', 'a fine clock'],
    ['const home = process.env.HOME', 'the environment'],
    ['const b = Buffer.from([1])', 'a Node type'],
    ['setTimeout(() => {}, 1)', 'a timer'],
    ["console.log('x')", 'output'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file
    ['const text = `at ${Date.now()} o’clock`', 'the clock inside a template'],
  ])('finds %s', (line) => {
    expect(found(purity, { [pure]: `// a comment\n${line}\n` })).toEqual([`${pure}:2`])
  })

  test.each([
    ["import { b } from './b.js'"],
    ["import { Part } from '@postern/message'"],
    ['const day = new Date(epochMs).getUTCDay()'],
    ['const ms = Date.UTC(2000, 1)'],
    ['// Date.now() is an argument; so is Buffer'],
    ["const text = 'process.exit and Math.random()'"],
    ['const when = message.performance.x + row.process'],
    ["const form = /['\"`]/; const then = 'Date.now()'"],
  ])('leaves %s alone', (line) => {
    expect(found(purity, { [pure]: `${line}\n` })).toEqual([])
  })

  test('lets the one charset file have its tables, and other layers have everything', () => {
    const charsets = { 'packages/message/src/charsets.ts': "import iconv from 'iconv-lite'\n" }
    expect(found(purity, charsets)).toEqual([])
    expect(found(purity, { 'packages/store/src/a.ts': "import 'node:fs'\nDate.now()\n" })).toEqual([])
    expect(found(purity, { 'packages/wire/test/a.test.ts': "import 'node:fs'\nDate.now()\n" })).toEqual([])
  })
})

describe('doors', () => {
  test.each([
    ['packages/store/src/a.ts', "import { x } from '@postern/wire/src/x.js'"],
    ['packages/store/src/a.ts', "import { x } from '../../wire/src/x.js'"],
    ['packages/store/test/a.test.ts', "import { x } from '../../wire/dist/index.js'"],
    ['packages/store/src/deep/a.ts', "export type {\n  X,\n} from '../../../wire/src/x.js'"],
    ['apps/imap/src/a.ts', "import { run } from '@postern/gateway'"],
    ['packages/store/src/a.ts', "import { run } from '@postern/imap'"],
    ['scripts/a.mjs', "import { x } from '../packages/wire/src/x.js'"],
  ])('finds in %s: %s', (path, text) => {
    expect(found(doors, { [path]: text })).toEqual([`${path}:1`])
  })

  test('leaves the ways that are meant alone', () => {
    expect(
      found(doors, {
        'apps/gateway/src/a.ts': "import { imap } from '@postern/imap'\nimport { x } from '@postern/wire'",
        'packages/store/test/a.test.ts': "import { x } from '../src/index.js'",
        'packages/store/src/b.ts': "// from '../../wire/src/x.js'\nconst a = \"import '../../wire/src/x.js'\"",
      }),
    ).toEqual([])
  })
})

describe('test-tools', () => {
  test('finds them in src, and leaves tests alone', () => {
    const text = "import { test } from 'vitest'\n"
    const files = { 'packages/store/src/a.ts': text, 'packages/store/test/a.test.ts': text, 'scripts/a.mjs': text }
    expect(found(testTools, files)).toEqual(['packages/store/src/a.ts:1'])
  })
})

describe('rfc', () => {
  const at = 'packages/wire/src/a.ts'
  test.each([
    ['// RFC 9051 §6.4.99'],
    ['// RFC 9051 §6.4.8, §7'],
    ['// RFC 9051 §6.4.8 and §9'],
    ['// see RFC 9051\n// §7.1'],
    ['// RFC 9051 §B'],
    ['// RFC 1 is old, RFC 6066 §3.x is not a number'],
  ])('finds %s', (text) => {
    expect(found(rfcCitations, { [at]: text })).toEqual([`${at}:1`])
  })

  test('leaves true citations and those it cannot check alone', () => {
    const text = '// RFC 9051 §6.4.8, RFC 9051 §6.4 and §A.1. RFC 6066 §3: names\n// RFC 9051 §6.4.'
    expect(found(rfcCitations, { [at]: text })).toEqual([])
  })

  test('reads headings in every form that RFCs have', () => {
    const text = '6.4.8.  MOVE\n2.1 CRLF\nAppendix B.  More\nA.1.  Sub\n   7.3. Indented ........ 12\n\n   9 of these\n'
    expect([...sectionsOf(text)]).toEqual(['2.1', '6.4.8', '7.3', 'A.1', 'B'])
  })

  test('finds an index that no longer says what the texts say', () => {
    const tree = (text: string) => createTree(new Map([[indexPath, text]]))
    expect(staleIndex(rfcSections, tree(renderIndex(rfcSections)))).toEqual([])
    expect(staleIndex(rfcSections, tree('{}'))).toHaveLength(1)
    expect(staleIndex(undefined, tree('{}'))).toEqual([])
  })
})

describe('docs', () => {
  const page = 'docs/flow.md'
  test.each([
    ['`packages/wire/src/gone.ts`'],
    ['`packages/gone`'],
    ['`docs/gone.md` says'],
    ['`gone.ts` says'],
    ['`sqlite/gone.ts` says'],
    ['[the page](./gone.md)'],
    ['[the folder](../packages/gone/)'],
    ['run `npm run gone`'],
    ['```\nscripts/gone --now\n```'],
  ])('finds %s', (text) => {
    expect(found(docTruth, { [page]: `# Flow\n\n${text}\n` })).toEqual([`${page}:${text.startsWith('```') ? 4 : 3}`])
  })

  test('finds a comment that points to a page that is not there', () => {
    expect(found(docTruth, { 'apps/imap/src/a.ts': '//\n// docs/decisions/gone.md\n' })).toEqual([
      'apps/imap/src/a.ts:2',
    ])
  })

  test('leaves what is there alone', () => {
    const text = [
      '`packages/wire`, `packages/wire/src/a.ts`, `wire/src/a.ts`, `a.ts`, `packages/*/package.json`, `npm run tidy`,',
      '[flow](flow.md#top), [web](https://example.com/x.md), `packages/{wire,store}/turbo.json`, `npm test`, `dist/a.ts`,',
      '`POST /v1/inboxes`, `ps_key_…`, `node packages/wire/dist/x.mjs`, `data/secret.key`, `settings.json`, `npm install`',
    ].join('\n')
    expect(found(docTruth, { [page]: text, 'packages/wire/src/a.ts': '// docs/flow.md' })).toEqual([])
  })
})

describe('shape', () => {
  test('finds long files and empty names', () => {
    const long = 'x\n'.repeat(501)
    expect(found(fileShape, { 'packages/wire/src/a.ts': long })).toEqual(['packages/wire/src/a.ts:501'])
    expect(found(fileShape, { 'packages/wire/test/a.test.ts': long, 'README.md': long })).toEqual([])
    for (const name of ['utils', 'util', 'helpers', 'common', 'manager', 'types'])
      expect(found(fileShape, { [`packages/wire/src/${name}.ts`]: '' })).toHaveLength(1)
    expect(found(fileShape, { 'packages/wire/src/content-types.ts': '' })).toEqual([])
  })
})

describe('machine', () => {
  test.each([
    ["const root = '/work/project'"],
    ["open('/home/someone/x')"],
    [`// see /${'root'}/notes`],
    ['npm --registry=https://registry.example.org'],
    ['deb http://deb.example.org/debian'],
  ])('finds %s', (text) => {
    expect(found(machineTraces, { 'README.md': `\n${text}\n` })).toEqual(['README.md:2'])
  })

  test('finds addresses in the lock file, and leaves paths of URLs and of this tree alone', () => {
    const lock = '{\n"resolved": "https://x.test/a.tgz"\n}'
    expect(found(machineTraces, { 'package-lock.json': lock })).toEqual(['package-lock.json:2'])
    const fine = `https://example.com/home/x ./work/x a/${'root'}/b {x}/home/y /var/lib/postern`
    expect(found(machineTraces, { 'README.md': fine })).toEqual([])
  })
})

describe('leftover', () => {
  const at = 'packages/wire/test/a.test.ts'
  test.each([
    ["test.only('x', () => {})"],
    ["describe.skip('x', () => {})"],
    ["it.concurrent.skip('x')"],
    ['ctx.skip()'],
  ])('finds %s', (text) => {
    expect(found(leftovers, { [at]: `\n${text}\n` })).toEqual([`${at}:2`])
  })

  test('finds notes to oneself anywhere', () => {
    expect(found(leftovers, { 'docs/a.md': 'TODO: more' })).toHaveLength(1)
    expect(found(leftovers, { 'apps/imap/src/a.ts': '// FIXME' })).toHaveLength(1)
  })

  test('leaves other words alone', () => {
    expect(found(leftovers, { [at]: "parser.skip(2)\ntest('never .skip(', () => {})\ntest.skipIf(isRoot)" })).toEqual(
      [],
    )
  })
})

test('blanking keeps every line and column', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file
  const source = "const a = `x ${b('}')} /* y */` // z\nconst c = d / e / f /* g\n */ + /[/]'/u\nconst h = '😀' + i\n"
  for (const strings of [true, false]) {
    const blanked = blankOut(source, { strings })
    expect(blanked).toHaveLength(source.length)
    expect(blanked.split('\n').map((line: string) => line.length)).toEqual(
      source.split('\n').map((line) => line.length),
    )
  }
  const code = blankOut(source, { strings: true })
  for (const kept of ['b(', 'd / e / f', '+ i']) expect(code).toContain(kept)
  for (const gone of ['y', 'z', 'g\n', '😀']) expect(code).not.toContain(gone)
})
