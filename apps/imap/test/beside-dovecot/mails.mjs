// node apps/imap/test/beside-dovecot/mails.mjs <folder of .eml files>
//
// Every message of a folder in a mailbox of both servers; ENVELOPE, BODYSTRUCTURE, BODY, every section that either structure
// names, and parts of them, compared. Prints each difference; what is meant to differ is in docs/decisions.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchItems, parse } from './answers.mjs'
import { Client } from './client.mjs'
import { password, startBoth } from './servers.mjs'

const eml = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'latin1').replace(/\r?\n/g, '\r\n') }))

const folder = process.argv[2]
const mails = eml(folder)
const scratch = mkdtempSync(join(tmpdir(), 'beside-dovecot-'))
const { postern, dovecot, stop } = await startBoth(scratch)
const who = { user: 'me@mails.example.test', password }
const clients = [await Client.open(postern, who), await Client.open(dovecot, who)]
let differences = 0

const both = (text) => Promise.all(clients.map((client) => client.command(text)))

for (const { name, text } of mails) {
  const answers = await both(`APPEND INBOX {${Buffer.byteLength(text, 'latin1')}+}\r\n${text}`)
  for (const { tagged } of answers) if (!tagged.startsWith('OK')) console.log(`${name}: ${tagged}`)
}
await both('EXAMINE INBOX')
for (const [i, { name }] of mails.entries()) {
  const structures = await compare(name, i + 1, ['RFC822.SIZE', 'ENVELOPE', 'BODYSTRUCTURE', 'BODY', 'BODY.PEEK[]'])
  const sections = new Set(['HEADER', 'TEXT', '1', '1.MIME', '99', 'HEADER.FIELDS (Subject From X-None)'])
  for (const items of structures) for (const section of sectionsOf(items.get('BODYSTRUCTURE'))) sections.add(section)
  for (const section of sections) {
    await compare(name, i + 1, [`BODY.PEEK[${section}]`])
    await compare(name, i + 1, [`BODY.PEEK[${section}]<3.17>`])
    if (/^[0-9.]+$/.test(section)) await compare(name, i + 1, [`BINARY.SIZE[${section}]`, `BINARY.PEEK[${section}]`])
  }
  await compare(name, i + 1, ['BODY.PEEK[HEADER.FIELDS.NOT (Received Subject)]', 'RFC822.HEADER', 'BINARY.SIZE[]'])
}
console.log(`${mails.length} messages, ${differences} differences`)
for (const client of clients) client.end()
await stop()
rmSync(scratch, { recursive: true, force: true })

async function compare(name, number, items) {
  const answers = await both(`FETCH ${number} (${items.join(' ')})`)
  const [ours, theirs] = answers.map(({ untagged, tagged }) => {
    const found = untagged.map(parse).find((list) => list[2] === 'FETCH')
    if (found === undefined) return new Map([['', tagged.replace(/[^\]]*$/, '')]])
    return new Map([...fetchItems(found[3])].map(([key, value]) => [key.toUpperCase(), alike(key, value)]))
  })
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [a, b] = [ours, theirs].map((map) => (map.has(key) ? JSON.stringify(map.get(key)) : '(missing)'))
    if (a === b) continue
    differences++
    console.log(`${name} ${key}\n  Postern ${short(a, b)}\n  Dovecot ${short(b, a)}`)
  }
  return [ours, theirs]
}

/** Words of a structure in any case; a part that isn't there may be NIL or empty. */
function alike(key, value) {
  if (/^(BODY|BINARY)\[/i.test(key)) return value ?? { text: '' }
  if (!/^BODY/i.test(key) || value === null || typeof value === 'string') return value
  return Array.isArray(value) ? value.map((one) => alike(key, one)) : { text: value.text.toUpperCase() }
}

/** From a little before where the two part. */
function short(text, other) {
  let at = 0
  while (at < text.length && text[at] === other[at]) at++
  return `${at > 40 ? `…${text.slice(at - 40, at + 260)}` : text.slice(0, 300)}`
}

function* sectionsOf(structure, path = []) {
  if (!Array.isArray(structure)) return
  if (Array.isArray(structure[0])) {
    for (let i = 0; Array.isArray(structure[i]); i++) yield* sectionsOf(structure[i], [...path, i + 1])
    if (path.length > 0) for (const what of ['', '.MIME', '.TEXT', '.HEADER']) yield path.join('.') + what
    return
  }
  const here = path.length === 0 ? [1] : path
  for (const what of ['', '.MIME', '.HEADER', '.TEXT', '.1']) yield here.join('.') + what
  if (structure[0]?.text?.toUpperCase() === 'MESSAGE' && Array.isArray(structure[8])) {
    const inner = structure[8]
    yield* Array.isArray(inner[0]) ? sectionsOf(inner, here) : sectionsOf(inner, [...here, 1])
  }
}
