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
  // One function and no promise more than it takes: this is where thousands of sessions stand.
  async run(session) {
    const { input, measures, out, context } = session
    out.continuation('idling')
    await out.flush()
    const waking = new Waking()
    const mailbox = session.selected?.mailbox.id
    const stop = mailbox === undefined ? undefined : context.doorbell.listen(mailbox, () => waking.ring())
    const heartbeat = setInterval(() => waking.beat(), context.limits.heartbeatMs)
    const line = input.next()
    const hasCome = (): void => waking.end()
    line.then(hasCome, hasCome)
    try {
      // Between the last command and the first listening something may have rung.
      await session.tellNews({ expunges: true })
      await out.flush()
      if (session.owesRecents) await tellRecents(session)
      while (!waking.isOver) {
        if (!waking.isAwake) await waking.woken()
        if (waking.isOver) break
        const { rungAtMs, isBeat } = waking.take()
        await session.tellNews({ expunges: true })
        if (rungAtMs !== undefined && out.length > 0) measures.pushed(rungAtMs)
        if (isBeat) out.status('*', { kind: 'OK', text: 'Still here' })
        await out.flush()
        if (session.owesRecents) await tellRecents(session)
      }
    } finally {
      clearInterval(heartbeat)
      stop?.()
    }
    return ended(await line)
  },
})

/** Behind the news itself, which waits for no commit. */
async function tellRecents(session: Session): Promise<void> {
  await session.tellRecents()
  await session.out.flush()
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
  /** The client has sent something, or is gone. */
  isOver = false
  #resolve: (() => void) | undefined

  ring(): void {
    this.#rungAtMs ??= performance.now()
    this.#wake()
  }

  beat(): void {
    this.#isBeat = true
    this.#wake()
  }

  end(): void {
    this.isOver = true
    this.#wake()
  }

  get isAwake(): boolean {
    return this.#isAwake
  }

  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Since the last call: when it first rang, if it did, and whether it's time for a word. */
  take(): { readonly rungAtMs: number | undefined; readonly isBeat: boolean } {
    const woken = { rungAtMs: this.#rungAtMs, isBeat: this.#isBeat }
    this.#rungAtMs = undefined
    this.#isBeat = false
    this.#isAwake = false
    this.#resolve = undefined
    return woken
  }

  #wake(): void {
    this.#isAwake = true
    this.#resolve?.()
  }
}
