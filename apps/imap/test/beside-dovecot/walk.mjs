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
import { isMeant, settle } from './meant.mjs'
import { mailboxes, password, startBoth } from './servers.mjs'

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
for (let walk = 0; walk < Number(values.walks); walk++) await walkOnce(Number(values.seed) + walk)
console.log(`${values.walks} walks, ${steps} steps, ${differences} differences`)
for (const error of servers.postern.errors) console.log(`logged by Postern: ${error}`)
await servers.stop()
rmSync(scratch, { recursive: true, force: true })

async function walkOnce(seed) {
  const random = randomFrom(seed)
  const who = { user: `me@walk${seed}.example.test`, password }
  const sides = [servers.postern, servers.dovecot].map((server) => ({ server, clients: [], modSeqs: [1], uidValidity: 0 }))
  for (const side of sides)
    for (let i = 0; i < 2; i++) side.clients.push(await Client.open(side.server, who))
  const [dovecot] = sides[1].clients
  for (const name of mailboxes) for (const verb of ['CREATE', 'SUBSCRIBE']) await dovecot.command(`${verb} ${name}`)
  const seen = [0, 0]
  const history = []
  const begin = ['SELECT INBOX', `APPEND INBOX {${mails[0].length}+}\r\n${mails[0]}`, 'NOOP']
  for (let step = 0; step < Number(values.steps); step++) {
    const session = step < 3 ? 0 : random.below(2)
    const text = begin[step] ?? commandFor(random, { messages: seen[session], mails })
    const pick = random.below(1_000)
    const answers = await Promise.all(sides.map((side) => say(side, { session, text, pick })))
    steps++
    history.push(`${session + 1}: ${shown(text)}`)
    const [ours, theirs] = answers.map((answer) => normal(answer, text))
    for (const line of answers[0].untagged) {
      const exists = /^\* (\d+) EXISTS/.exec(line)
      if (exists !== null) seen[session] = Number(exists[1])
      else if (/^\* \d+ EXPUNGE/.test(line)) seen[session]--
    }
    if (/^(CLOSE|UNSELECT)/.test(text)) seen[session] = 0
    const [a, b] = [settle(ours, text), settle(theirs, text)]
    if (a.join('\n') === b.join('\n') || isMeant(a, b, text)) continue
    differences++
    report({ seed, step, history, a, b })
    if (step > 3) break
  }
  for (const side of sides) for (const client of side.clients) client.end()
}

async function say(side, { session, text, pick }) {
  const client = side.clients[session]
  const filled = text.replace('$modseq', String(side.modSeqs[pick % side.modSeqs.length]))
  if (text === 'IDLE') {
    const begun = await client.command('IDLE', { until: (line) => line.startsWith('+') })
    if (!begun.tagged.startsWith('+')) return begun
    // What is told without waiting comes between the two; a moment is given to it.
    await new Promise((resolve) => setTimeout(resolve, 30))
    const lines = await client.raw('DONE\r\n', (line) => /^t\d+ /.test(line))
    return { untagged: [...begun.untagged, ...lines.slice(0, -1)], tagged: lines.at(-1).replace(/^t\d+ /, '') }
  }
  const answer = await client.command(filled)
  for (const line of [...answer.untagged, answer.tagged]) {
    const found = /HIGHESTMODSEQ (\d+)|MODSEQ \((\d+)\)/.exec(line)
    if (found !== null) side.modSeqs.push(Number(found[1] ?? found[2]))
  }
  return answer
}

function normal({ untagged: lines, tagged }, text) {
  try {
    return [...lines.map(untagged).filter((line) => line !== undefined), status(tagged)]
  } catch (error) {
    return [`not to be read: ${error.message} behind ${text}`, ...lines, tagged]
  }
}

function report({ seed, step, history, a, b }) {
  console.log(`\nseed ${seed} step ${step}`)
  for (const line of history.slice(-8)) console.log(`  ${line}`)
  for (const line of a.filter((one) => !b.includes(one))) console.log(`    Postern ${line.slice(0, 400)}`)
  for (const line of b.filter((one) => !a.includes(one))) console.log(`    Dovecot ${line.slice(0, 400)}`)
  if ([...a].sort().join() === [...b].sort().join()) console.log(`    in another order: ${a.join(' | ').slice(0, 500)}\n      ${b.join(' | ').slice(0, 500)}`)
}

function shown(text) {
  return text.length > 160 ? `${text.slice(0, 100).replace(/\r\n/g, '\\r\\n')}… (${text.length})` : text
}

function smallMails() {
  const mail = (subject, body, more = []) =>
    ['From: Bob <bob@example.net>', 'To: ada@example.test', `Subject: ${subject}`, `Message-ID: <${subject}@example.net>`, 'Date: Mon, 02 Nov 2026 10:00:00 +0000', ...more, '', body].join('\r\n')
  return [
    mail('a', 'This is a.\r\n'),
    mail('b', 'The second one\r\nhas two lines.\r\n', ['Cc: x@example.net, "Q. Uote" <q@example.org>']),
    mail('c', '--x\r\n\r\nfirst\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>second</p>\r\n--x--\r\n', ['MIME-Version: 1.0', 'Content-Type: multipart/alternative; boundary=x']),
    'Subject: no more than that\r\n\r\n',
  ]
}

function realMails(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'latin1').replace(/\r?\n/g, '\r\n'))
}
