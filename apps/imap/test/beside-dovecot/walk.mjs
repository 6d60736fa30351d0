// node apps/imap/test/beside-dovecot/walk.mjs [--walks 20] [--steps 300] [--seed 1] [--mail <folder of .eml files>]
//
// Two sessions on one inbox say the same random commands to both servers, one after another; every answer is compared. A walk
// ends at its first difference, since from there on the two inboxes may differ; it prints what was said last. What is meant
// to differ is in `meant.mjs`.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { status, untagged } from './answers.mjs'
import { Client } from './client.mjs'
import { commandFor, randomFrom } from './commands.mjs'
import { settle } from './meant.mjs'
import { mailboxes, password, startBoth } from './servers.mjs'
import { different, Told } from './told.mjs'

const { values } = parseArgs({
  options: {
    walks: { type: 'string', default: '20' },
    steps: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    mail: { type: 'string' },
  },
})
const mails = [...smallMails(), ...(values.mail === undefined ? [] : realMails(values.mail))]
const scratch = mkdtempSync(join(tmpdir(), 'beside-dovecot-'))
const servers = await startBoth(scratch)
let steps = 0
let differences = 0
try {
  for (let walk = 0; walk < Number(values.walks); walk++) await walkOnce(Number(values.seed) + walk)
  console.log(`${values.walks} walks, ${steps} steps, ${differences} differences`)
  for (const error of servers.postern.errors) console.log(`logged by Postern: ${error}`)
} finally {
  await servers.stop()
  rmSync(scratch, { recursive: true, force: true })
}

async function walkOnce(seed) {
  const random = randomFrom(seed)
  const who = { user: `me@walk${seed}.example.test`, password }
  const sides = [servers.postern, servers.dovecot].map((server) => ({
    ...{ server, clients: [], told: [new Told(), new Told()] },
  }))
  for (const side of sides) for (let i = 0; i < 2; i++) side.clients.push(await Client.open(side.server, who))
  const [dovecot] = sides[1].clients
  await dovecot.command('SUBSCRIBE INBOX')
  for (const name of mailboxes) for (const verb of ['CREATE', 'SUBSCRIBE']) await dovecot.command(`${verb} ${name}`)
  const history = []
  const begin = ['SELECT INBOX', `APPEND INBOX {${mails[0].length}+}\r\n${mails[0]}`, 'NOOP']
  for (let step = 0; step < Number(values.steps); step++) {
    const session = step < 3 ? 0 : random.below(2)
    const { messages, isExamined } = sides[0].told[session]
    const about = { messages: messages.length, isExamined, mails }
    const text = begin[step] ?? commandFor(random, about)
    history.push(`${session + 1}: ${shown(text)}`)
    steps++
    const found = await stepBoth(sides, { session, text })
    if (found === undefined) continue
    if (found === 'over') break
    differences++
    report({ seed, step, history, ...found })
    break
  }
  for (const side of sides) for (const client of side.clients) client.end()
}

/** Undefined, the lines in which the two differ, or that the walk is over, since they are meant to differ from here on. */
async function stepBoth(sides, { session, text }) {
  // Postern makes the levels above mailboxes too; Dovecot makes them without a mailbox.
  for (const above of levelsAbove(text)) for (const side of sides) await quiet(side, session, `CREATE ${above}`)
  // Dovecot answers STATUS of the selected mailbox by what it has told of it, and who leaves takes what is new as recent untold.
  if (/STATUS|^(CLOSE|UNSELECT|SELECT|EXAMINE)/.test(text)) for (const side of sides) await quiet(side, session, 'NOOP')
  const answers = await Promise.all(sides.map((side) => say(side, { session, text })))
  const isOk = answers[0].tagged.startsWith('OK')
  if (isOk && text.startsWith('RENAME')) await moveSubscriptions(sides[1], { session, text })
  const settled = settle(
    answers.map((answer) => normal(answer, text)),
    {
      text,
      tellsGone: answers[0].untagged.some((line) => line.endsWith(' EXPUNGE')),
      isEmpty: sides[0].told[session].messages.length === 0,
    },
  )
  if (settled === undefined) return 'over'
  const [ours, theirs] = settled
  if (ours.join('\n') !== theirs.join('\n')) return { ours, theirs }
  for (const [i, side] of sides.entries()) {
    if (/^(CLOSE|UNSELECT|SELECT|EXAMINE)/.test(text) && !answers[i].tagged.startsWith('BAD'))
      side.told[session].forget(text)
    // What it has stored in silence nobody tells it.
    if (/\.SILENT/i.test(text)) for (const message of side.told[session].messages) message.flags = undefined
    side.told[session].take(answers[i].untagged, text)
    await quiet(side, session, 'NOOP')
  }
  const [a, b] = sides.map((side) => side.told[session])
  const what = [different(a, b), ...a.faults].filter((one) => one !== undefined)
  return what.length === 0
    ? undefined
    : {
        ours: [...what, ...[...answers[0].untagged, answers[0].tagged].map((line) => line.slice(0, 200))],
        theirs: [...answers[1].untagged, answers[1].tagged].map((line) => line.slice(0, 200)),
      }
}

async function quiet(side, session, text) {
  const { untagged: lines } = await side.clients[session].command(text)
  side.told[session].take(lines, text)
}

async function say(side, { session, text }) {
  const client = side.clients[session]
  if (text === 'IDLE') {
    const begun = await client.command('IDLE', { until: (line) => line.startsWith('+') })
    if (!begun.tagged.startsWith('+')) return begun
    // What is told without waiting comes between the two; a moment is given to it.
    await new Promise((resolve) => setTimeout(resolve, 30))
    const lines = await client.raw('DONE\r\n', (line) => /^t\d+ /.test(line))
    return { untagged: [...begun.untagged, ...lines.slice(0, -1)], tagged: lines.at(-1).replace(/^t\d+ /, '') }
  }
  return client.command(text)
}

function normal({ untagged: lines, tagged }, text) {
  try {
    return [...lines.map(untagged).filter((line) => line !== undefined), status(tagged)]
  } catch (error) {
    return [`not to be read: ${error.message} behind ${text}`, ...lines, tagged]
  }
}

function report({ seed, step, history, ours, theirs }) {
  console.log(`\nseed ${seed} step ${step}`)
  for (const line of history.slice(-14)) console.log(`  ${line}`)
  for (const [name, lines, others] of [
    ['Postern', ours, theirs],
    ['Dovecot', theirs, ours],
  ])
    for (const [i, line] of lines.entries())
      console.log(`    ${name} ${others.includes(line) ? ' ' : '!'} ${parted(line, others[i] ?? '')}`)
}

/** From a little before where the two part. */
function parted(line, other) {
  let at = 0
  while (at < line.length && line[at] === other[at]) at++
  return at < 200 || at === line.length ? line.slice(0, 400) : `…${line.slice(at - 60, at + 300)}`
}

/** Postern takes subscriptions along. */
async function moveSubscriptions(side, { session, text }) {
  const [from, to] = text
    .slice(7)
    .match(/"(?:[^"\\]|\\.)*"|\S+/g)
    .map((name) => name.replace(/^"|"$/g, ''))
  if (/^inbox$/i.test(from)) return
  const client = side.clients[session]
  const { untagged: lines } = await client.command('LSUB "" *')
  side.told[session].take(lines, '')
  for (const line of lines) {
    const name = /"\/" "?(.*?)"?$/.exec(line)?.[1]
    if (name !== from && name?.startsWith(`${from}/`) !== true) continue
    await quiet(side, session, `UNSUBSCRIBE "${name}"`)
    await quiet(side, session, `SUBSCRIBE "${to}${name.slice(from.length)}"`)
  }
}

function levelsAbove(text) {
  if (!/^(CREATE|RENAME) /.test(text)) return []
  const name = words(text).at(-1).replace(/\/$/, '')
  const levels = name.split('/').slice(0, -1)
  return levels[0] === '' ? [] : levels.map((_, i) => `"${levels.slice(0, i + 1).join('/')}"`)
}

function shown(text) {
  return text.length > 160 ? `${text.slice(0, 100).replace(/\r\n/g, '\\r\\n')}… (${text.length})` : text
}

function smallMails() {
  const mail = (subject, body, more = []) =>
    [
      'From: Bob <bob@example.net>',
      'To: ada@example.test',
      `Subject: ${subject}`,
      `Message-ID: <${subject}@example.net>`,
      'Date: Mon, 02 Nov 2026 10:00:00 +0000',
      ...more,
      '',
      body,
    ].join('\r\n')
  return [
    mail('a', 'This is a.\r\n'),
    mail('b', 'The second one\r\nhas two lines.\r\n', ['Cc: x@example.net, "Q. Uote" <q@example.org>']),
    mail('c', '--x\r\n\r\nfirst\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>second</p>\r\n--x--\r\n', [
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary=x',
    ]),
    'Subject: no more than that\r\n\r\n',
  ]
}

function realMails(folder) {
  return (
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.eml'))
      .sort()
      .map((name) => readFileSync(join(folder, name), 'latin1').replace(/\r?\n/g, '\r\n'))
      // What is meant to differ in others: docs/decisions/beside-dovecot.md.
      .filter((text) => /^[\x00-\x7f]*$/.test(text) && !/\r$|message\/rfc822|external-body/.test(text))
  )
}

function words(text) {
  return text.match(/"(?:[^"\\]|\\.)*"|\S+/g).map((word) => word.replace(/^"|"$/g, ''))
}
