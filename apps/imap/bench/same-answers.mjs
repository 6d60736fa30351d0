// `node apps/imap/bench/same-answers.mjs [--count=2000] [--seed=1] [--mail=<folder>]` after a build: random SEARCH, SORT and THREAD
// commands to the gateway and to Dovecot, on the same random mail and that of a folder; prints what they answer differently.
// Some of that is known, and stays: Dovecot 2.3 finds nothing for `157:*` in 150 messages, where RFC 9051 §9 has the last
// one; it sorts equal keys under REVERSE in another order than the numbers' (RFC 5256 §3); here ß is ss, and raw 8-bit
// headers are read in a guessed charset; a message without Date has the internal date's day.

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendOf, RawClient } from './raw-client.mjs'
import { makeCertificate, startDovecot, startPostern, whyNoDovecot } from './servers.mjs'

// The other package's bench, not the package.
const { randomFrom } = await import(new URL('../../../packages/mailbox-store/bench/corpus.mjs', import.meta.url))

const option = (name, otherwise) =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise
const count = Number(option('count', '2000'))
const random = randomFrom(Number(option('seed', '1')))
const mailFolder = option('mail')
const settleMs = 1_500
const shownMax = 40

const below = (n) => Math.floor(random() * n)
const oneOf = (list) => list[below(list.length)]
const some = (most, make) => Array.from({ length: 1 + below(most) }, make)

const words = [
  'apple',
  'Pear',
  'PLUM',
  'straße',
  'Grüße',
  'naïve',
  'отпуск',
  '東京',
  'quarterly',
  'report',
  'invoice',
  '42',
]
const zoe = '=?utf-8?b?Wm/Dqw==?= <zoe@example.com>'
const people = ['Ada <ada@example.test>', 'bob@example.net', '"Q, R" <qr@example.org>', zoe, 'ADA@EXAMPLE.TEST']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const encoded = (text) => (/^[ -~]*$/.test(text) ? text : `=?utf-8?b?${Buffer.from(text).toString('base64')}?=`)
const phrase = (most) => some(most, () => oneOf(words)).join(' ')
const dayOf = () => `${1 + below(28)}-${oneOf(months)}-${2020 + below(3)}`
const zones = ['+0000', '-0800', '+1300', '+0530', 'GMT']

function randomMessage(i) {
  const lines = [`From: ${oneOf(people)}`, `To: ${some(3, () => oneOf(people)).join(', ')}`]
  if (below(3) === 0) lines.push(`Cc: ${oneOf(people)}`)
  if (below(12) > 0) {
    const mark = oneOf(['', '', '', 'Re: ', 'RE: Re: ', 'Fwd: ', '[list] Re: '])
    lines.push(`Subject: ${mark}${phrase(2).split(' ').map(encoded).join(' ')}`)
  }
  // A message without one has the internal date's day here, and none in Dovecot; the RFC says nothing.
  lines.push(
    `Date: ${1 + below(28)} ${oneOf(months)} ${2020 + below(3)} ${String(below(24)).padStart(2, '0')}:${String(below(60)).padStart(2, '0')}:00 ${oneOf(zones)}`,
  )
  if (below(10) > 0) lines.push(`Message-ID: <${i}@example.test>`)
  if (i > 0 && below(2) === 0) lines.push(`References: ${some(3, () => `<${below(i + 5)}@example.test>`).join(' ')}`)
  else if (i > 0 && below(4) === 0) lines.push(`In-Reply-To: <${below(i)}@example.test>`)
  if (below(3) === 0) lines.push(`X-Note: ${encoded(phrase(2))}`)
  return Buffer.from(`${lines.join('\r\n')}\r\nMIME-Version: 1.0\r\n${randomBody()}`)
}

function randomBody() {
  const text = `${phrase(6)}\r\n${phrase(3)}\r\n`
  switch (below(4)) {
    case 0:
      return `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(text).toString('base64')}\r\n`
    case 1:
      return `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}`
    case 2:
      return `Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n--b\r\nContent-Type: application/octet-stream; name=data.bin\r\n\r\nhidden\r\n--b--\r\n`
    default:
      return `\r\n${text.replace(/[^ -~\r\n]/g, '')}`
  }
}

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* filesIn(join(folder, entry.name))
    else if (entry.name.endsWith('.eml'))
      yield Buffer.from(readFileSync(join(folder, entry.name), 'latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
  }
}

/** UTF-8, an octet a character: so the client writes it. */
const literal = (text) => `{${Buffer.byteLength(text)}+}\r\n${Buffer.from(text).toString('latin1')}`
const flags = [
  'SEEN',
  'UNSEEN',
  'FLAGGED',
  'UNFLAGGED',
  'DELETED',
  'UNDELETED',
  'ANSWERED',
  'UNANSWERED',
  'DRAFT',
  'UNDRAFT',
]

function randomSet(size) {
  const number = () => (below(6) === 0 ? '*' : String(1 + below(size + 20)))
  return some(3, () => (below(2) === 0 ? number() : `${number()}:${number()}`)).join(',')
}

function randomKey(size, depth = 0) {
  const text = () => literal(below(4) === 0 ? oneOf(words).slice(0, 1 + below(3)) : phrase(2))
  const kinds = [
    () => oneOf(flags),
    () => `${oneOf(['KEYWORD', 'UNKEYWORD'])} ${oneOf(['$Label', '$label', 'Other'])}`,
    () => `${oneOf(['SINCE', 'BEFORE', 'ON', 'SENTSINCE', 'SENTBEFORE', 'SENTON'])} ${dayOf()}`,
    () => `${oneOf(['LARGER', 'SMALLER'])} ${below(900)}`,
    () => `${oneOf(['SUBJECT', 'FROM', 'TO', 'CC', 'BCC'])} ${text()}`,
    () => `${oneOf(['BODY', 'TEXT'])} ${text()}`,
    () =>
      `HEADER ${oneOf(['X-Note', 'Subject', 'Message-ID', 'References', 'Date'])} ${oneOf([text(), '""', 'example'])}`,
    () => randomSet(size),
    () => `UID ${randomSet(size)}`,
    () => oneOf(['ALL', 'OLD', 'NOT RECENT']),
    () => 'MODSEQ 1',
    () => `${oneOf(['OLDER', 'YOUNGER'])} ${1 + below(400_000_000)}`,
  ]
  if (depth < 3)
    kinds.push(
      () => `NOT ${randomKey(size, depth + 1)}`,
      () => `OR ${randomKey(size, depth + 1)} ${randomKey(size, depth + 1)}`,
      () => `(${some(3, () => randomKey(size, depth + 1)).join(' ')})`,
    )
  return oneOf(kinds)()
}

function randomCommand(size) {
  const uid = oneOf(['', 'UID '])
  const keys = some(2, () => randomKey(size)).join(' ')
  const sortKeys = ['ARRIVAL', 'CC', 'DATE', 'FROM', 'SIZE', 'SUBJECT', 'TO', 'DISPLAYFROM', 'DISPLAYTO']
  // Each key once: Dovecot reverses by the last of two.
  const order = [...new Set(some(3, () => oneOf(sortKeys)))].map((key) => `${oneOf(['', 'REVERSE '])}${key}`).join(' ')
  const returns = oneOf(['', '', 'RETURN () ', 'RETURN (MIN MAX) ', 'RETURN (COUNT MIN) ', 'RETURN (ALL COUNT) '])
  switch (below(5)) {
    case 0:
      return `${uid}SORT ${returns}(${order}) UTF-8 ${keys}`
    case 1:
      return `${uid}THREAD ${oneOf(['REFERENCES', 'ORDEREDSUBJECT'])} UTF-8 ${keys}`
    default:
      return `${uid}SEARCH ${returns}${oneOf(['', 'CHARSET UTF-8 '])}${keys}`
  }
}

/** The untagged answer without what names the command, and how the command ended. MODSEQs are each server's own. */
function essence(answer) {
  const lines = answer.split('\r\n').filter((line) => /^\* (SEARCH|ESEARCH|SORT|THREAD)/.test(line))
  return lines
    .map((line) =>
      line
        .replace(/\(TAG "[^"]*"\)/, '')
        .replace(/ \(?MODSEQ \d+\)?$/, '')
        .trimEnd(),
    )
    .join('\n')
}

async function answerOf(client, command) {
  try {
    return essence(await client.answerTo(command))
  } catch (error) {
    return error.message.replace(/^\S+ /, '').slice(0, 3)
  }
}

async function prepared(server, mail) {
  const client = await RawClient.loggedIn(server)
  const flagsOf = (i) =>
    [i % 3 === 0 ? '\\Seen' : '', i % 5 === 0 ? '\\Flagged' : '', i % 7 === 0 ? '$Label' : ''].filter(Boolean)
  const wordsOf = (i) =>
    `(${flagsOf(i).join(' ')}) "${String(1 + (i % 28)).padStart(2, ' ')}-${months[i % 12]}-${2020 + (i % 3)} 12:00:00 +0000" `
  await client.commands([appendOf('INBOX', mail, wordsOf)])
  // The first to select it would see all as recent.
  await client.command('SELECT INBOX')
  client.end()
  return RawClient.loggedIn(server, 'INBOX')
}

const folder = mkdtempSync(join(tmpdir(), 'postern-same-answers-'))
chmodSync(folder, 0o755)
const servers = []
try {
  const why = whyNoDovecot()
  if (why !== undefined) throw new Error(why)
  const files = makeCertificate(folder)
  servers.push(await startPostern(folder, files), await startDovecot(folder, files))
  const mail = [
    ...Array.from({ length: 150 }, (_, i) => randomMessage(i)),
    ...(mailFolder === undefined ? [] : filesIn(mailFolder)),
  ]
  const clients = []
  for (const server of servers) clients.push(await prepared(server, mail))
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  let differing = 0
  for (let i = 0; i < count; i++) {
    const command = randomCommand(mail.length)
    const [ours, theirs] = [await answerOf(clients[0], command), await answerOf(clients[1], command)]
    if (ours === theirs || differing++ >= shownMax) continue
    console.log(`${command}\n  Postern  ${ours}\n  Dovecot  ${theirs}`)
  }
  console.log(`${count} commands on ${mail.length} messages, ${differing} answered differently`)
  for (const client of clients) client.end()
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  rmSync(folder, { recursive: true, force: true })
}
