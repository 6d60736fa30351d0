// Opening a mailbox again that ten messages have changed in: with QRESYNC in one command, with CONDSTORE in two
// (RFC 7162). The changes are made once; every run asks from the state before them.

import { mailboxOf } from './large-mailboxes.mjs'
import { RawClient } from './raw-client.mjs'

const count = 10_000
const changes = 10

/** What a client would have kept: the state before the changes, which are made here. */
async function keptState(server, size) {
  const mailbox = await mailboxOf(count, { server, size })
  const client = await RawClient.loggedIn(server)
  const answer = await client.answerTo(`SELECT ${mailbox} (CONDSTORE)`)
  const number = (name) => new RegExp(`${name} (\\d+)\\]`).exec(answer)[1]
  const [uidValidity, modSeq] = [number('UIDVALIDITY'), number('HIGHESTMODSEQ')]
  for (let i = 1; i <= changes; i++)
    await client.command(`STORE ${Math.floor((i * count) / (changes + 1))} FLAGS (\\Answered kept${modSeq})`)
  return { client, mailbox, uidValidity, modSeq }
}

const resynchronising = (name, commandsOf, { size, times, enable }) => ({
  ...{ name: `SELECT with ${name} after ${changes} changes`, goal: 4, unit: 'per s' },
  async prepare(server) {
    const state = await keptState(server, size)
    if (enable !== undefined) await state.client.command(`ENABLE ${enable}`)
    const commands = commandsOf(state)
    // A server that has nothing to tell would win.
    const answer = await state.client.answerTo(commands[0])
    const rest = commands.length > 1 ? await state.client.answerTo(commands[1]) : ''
    const told = `${answer}${rest}`.match(/\* \d+ FETCH/g)?.length
    if (told !== changes) throw new Error(`${told} changes were told`)
    return { client: state.client, commands }
  },
  async run({ client, commands }) {
    for (let i = 0; i < times; i++) for (const command of commands) await client.command(command)
    return times
  },
})

export const resyncs = ({ size, times }) => [
  resynchronising(
    'QRESYNC',
    ({ mailbox, uidValidity, modSeq }) => [`SELECT ${mailbox} (QRESYNC (${uidValidity} ${modSeq}))`],
    {
      ...{ size, times, enable: 'QRESYNC' },
    },
  ),
  resynchronising(
    'CONDSTORE',
    ({ mailbox, modSeq }) => [`SELECT ${mailbox} (CONDSTORE)`, `UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modSeq})`],
    { size, times },
  ),
]
