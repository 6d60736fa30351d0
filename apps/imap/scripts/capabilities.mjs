// Prints docs/capabilities.md from what the extensions say of themselves. Where each lives is read from the sources: the files
// that cite its RFC. Needs the build.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mechanisms } from '@postern/auth'
import { extensions } from '../dist/extensions/list.js'
import { defaultImapLimits } from '../dist/limits.js'
import { dialoguesOf } from './dialogue-names.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const dialogues = 'apps/imap/test/dialogues/'
const homes = ['apps/imap/src/', 'packages/imap-wire/src/']
/** More say nothing. */
const filesMax = 8

const there = new Set(readdirSync(root + dialogues))
const sources = homes.flatMap((home) =>
  readdirSync(root + home, { recursive: true })
    .filter((name) => name.endsWith('.ts') && name !== 'extensions/list.ts')
    .sort()
    .map((name) => ({ path: home + name, text: readFileSync(root + home + name, 'utf8') })),
)

const rows = extensions({ ...defaultImapLimits, mechanisms: mechanisms({ tokens: true }) }).map((extension) => [
  names(extension.capability)
    .map((name) => `\`${name}\``)
    .join(' '),
  extension.what,
  extension.rfc,
  since(extension),
  filesOf(extension),
  dialoguesOf(extension)
    .filter((name) => there.has(name))
    .map((name) => `[${name}](../${dialogues}${name})`)
    .join(' '),
])

console.log(`# Capabilities

What Postern's IMAP says it can do, and where that is: made by \`npm run docs\` from the extensions' own words. The conversations are
played by \`apps/imap/test/dialogues.test.ts\`. A capability that isn't here is not offered.

${table([['capability', 'what a client has of it', 'RFC', 'since', 'files', 'conversations'], ...rows])}`)

/** A limit is the server's own. */
function names(capability) {
  return [capability].flat().map((name) => name.replace(/=\d+$/, '=…'))
}

function since({ when }) {
  if (when === undefined) return 'the greeting'
  const session = (state, secure) => ({ state, connection: { secure } })
  if (when(session('notAuthenticated', true))) return 'the greeting, until the login'
  return when(session('notAuthenticated', false)) ? 'the greeting in clear, until TLS' : 'the login'
}

function filesOf({ capability, rfc }) {
  const number = rfc.split(' §')[0]
  const own = sources.filter(({ path, text }) =>
    [capability].flat().some((name) => path.includes('/extensions/') && text.includes(`'${name}'`)),
  )
  const citing = sources.filter(({ text }) => new RegExp(`${number}\\b`).test(text))
  const files = citing.length > filesMax ? own : [...new Set([...own, ...citing])]
  return files.map(({ path }) => `[${path.replace(/^.*\/src\//, '')}](../${path})`).join(' ')
}

function table(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  const written = lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`)
  written.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  return written.join('\n')
}
