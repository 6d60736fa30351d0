// IDLE. RFC 2177, RFC 9051 §6.3.13. News is told as it comes; about every two minutes a word that the server is still there, and
// a look at the mailbox besides, since a ring may be lost. DONE is a line in the command stream like any other, so that what
// follows it in the same packet is kept.

import { type Frame, ImapError } from '@postern/imap-wire'
import { command, noArguments } from '../command.js'
import { ClientGone } from '../input.js'
import type { Session } from '../session.js'

export const idle = command('IDLE', {
  in: ['authenticated', 'selected'],
  parse: noArguments,
  async run(session) {
    session.out.continuation('idling')
    await session.out.flush()
    const waking = new Waking()
    const mailbox = session.selected?.mailbox.id
    const stop = mailbox === undefined ? undefined : session.context.doorbell.listen(mailbox, () => waking.ring())
    const heartbeat = setInterval(() => waking.beat(), session.context.limits.heartbeatMs)
    try {
      return await idleUntilDone(session, waking)
    } finally {
      clearInterval(heartbeat)
      stop?.()
    }
  },
})

async function idleUntilDone(session: Session, waking: Waking): Promise<{ text: string }> {
  const { input, measures, out } = session
  let hasLine = false
  const line = input.next().finally(() => {
    hasLine = true
    waking.wake()
  })
  // A failure is told below, by whoever awaits it; until then it's nobody's.
  line.catch(() => {})
  // Between the last command and the first listening something may have rung.
  await session.tellNews({ expunges: true })
  for (;;) {
    await out.flush()
    if (hasLine) return ended(await line)
    const { rungAtMs, isBeat } = await waking.next()
    if (hasLine) continue
    await session.tellNews({ expunges: true })
    if (rungAtMs !== undefined && out.length > 0) measures.pushed(rungAtMs)
    if (isBeat) out.status('*', { kind: 'OK', text: 'Still here' })
  }
}

function ended(frame: Frame | undefined): { text: string } {
  if (frame === undefined) throw new ClientGone()
  if (isDone(frame)) return { text: 'Idled' }
  throw frame.kind === 'fault' ? frame.error : new ImapError('BAD', 'DONE ends IDLE')
}

const isDone = (frame: Frame): boolean =>
  frame.kind === 'command' &&
  frame.command.pieces.length === 1 &&
  new TextDecoder('latin1').decode(frame.command.pieces[0]?.bytes).trim().toUpperCase() === 'DONE'

/** What an idling session wakes for, gathered: rings that came while it was awake are one. */
class Waking {
  #rungAtMs: number | undefined
  #isBeat = false
  #isAwake = false
  #resolve: (() => void) | undefined

  ring(): void {
    this.#rungAtMs ??= performance.now()
    this.wake()
  }

  beat(): void {
    this.#isBeat = true
    this.wake()
  }

  wake(): void {
    this.#isAwake = true
    this.#resolve?.()
  }

  /** Since the last call: when it first rang, if it did, and whether it's time for a word. */
  async next(): Promise<{ readonly rungAtMs: number | undefined; readonly isBeat: boolean }> {
    if (!this.#isAwake)
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
      })
    const woken = { rungAtMs: this.#rungAtMs, isBeat: this.#isBeat }
    this.#rungAtMs = undefined
    this.#isBeat = false
    this.#isAwake = false
    this.#resolve = undefined
    return woken
  }
}
