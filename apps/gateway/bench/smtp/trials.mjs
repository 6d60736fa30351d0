// What is measured alone against a figure, as the trials of bench:imap are. The gateway that the works ran on is `ours`.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SmtpClient } from './client.mjs'
import { letters } from './letters.mjs'
import { percentile, RawClient, shown } from './others.mjs'

/** From the client's hearing the 250 until a session in IDLE on the recipient's INBOX has heard EXISTS. */
const existsAfterAccept = {
  name: 'from 250 to EXISTS in IDLE, p50 / p99',
  goal: 'p99 ≤ 50 ms',
  async run({ ours, quick }) {
    const [to] = ours.users
    const { from } = ours.door
    const [listener, client] = [
      await RawClient.loggedIn({ ...ours, user: to }, 'INBOX'),
      await SmtpClient.loggedIn(ours.door),
    ]
    const letter = letters({ from, to, size: 4_096 })
    const waits = []
    await listener.idle()
    for (let count = 1; count <= (quick ? 50 : 300); count++) {
      const heard = listener.untilExists(count).then(() => performance.now())
      await client.send({ from, to, message: letter() })
      const accepted = performance.now()
      waits.push(Math.max(0, (await heard) - accepted))
    }
    listener.end()
    client.end()
    const p99 = percentile(waits, 0.99)
    return { ours: `${shown(percentile(waits, 0.5))} / ${shown(p99)} ms`, met: p99 <= 50 }
  },
}

const claimMsMax = 5
const growthBytesMax = 33_554_432

/** A full queue beside one that is nearly empty, each claimed and reported by a process of its own. */
const fullQueue = {
  name: 'claim of 20 among 100,000 waiting, p50 / p99',
  goal: `p99 ≤ ${claimMsMax} ms, memory flat`,
  async run({ quick, home }) {
    const program = fileURLToPath(new URL('full-queue.mjs', import.meta.url))
    const measured = (recipients) =>
      JSON.parse(
        execFileSync(process.execPath, [program, `${home}/queue-of-${recipients}`, String(recipients)], {
          encoding: 'utf8',
        }),
      )
    const [few, many] = [measured(5_000), measured(quick ? 20_000 : 100_000)]
    const growth = many.bytes - few.bytes
    return {
      ours: `${shown(many.p50Ms)} / ${shown(many.p99Ms)} ms`,
      met: many.p99Ms <= claimMsMax && growth <= growthBytesMax,
      notes: [`memory beside a queue of 5,000: ${growth < 0 ? '−' : '+'}${shown(Math.abs(growth) / 1_048_576)} MB`],
    }
  },
}

export const trials = [existsAfterAccept, fullQueue]
