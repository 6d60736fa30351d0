// IDLE. RFC 2177, RFC 9051 §6.3.13. News is told as it comes; about every two minutes a word that the server is still there.
// DONE is a line in the command stream like any other, so that what follows it in the same packet is kept.

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
    const rung = new Bell()
    const mailbox = session.selected?.mailbox.id
    const stop = mailbox === undefined ? undefined : session.context.doorbell.listen(mailbox, () => rung.ring())
    try {
      return await idleUntilDone(session, rung)
    } finally {
      stop?.()
    }
  },
})

async function idleUntilDone(session: Session, rung: Bell): Promise<{ text: string }> {
  const line = session.input.next()
  // Between the last command and the first listening something may have rung.
  rung.ring()
  for (;;) {
    const woken = await firstOf(line, rung.next(), session.context.limits.heartbeatMs)
    if (woken === 'rung') await session.tellNews({ expunges: true })
    else if (woken === 'late') session.out.status('*', { kind: 'OK', text: 'Still here' })
    else {
      if (woken === undefined) throw new ClientGone()
      if (isDone(woken)) return { text: 'Idled' }
      throw woken.kind === 'fault' ? woken.error : new ImapError('BAD', 'DONE ends IDLE')
    }
    await session.out.flush()
  }
}

const isDone = (frame: Frame): boolean =>
  frame.kind === 'command' &&
  frame.command.pieces.length === 1 &&
  new TextDecoder('latin1').decode(frame.command.pieces[0]?.bytes).trim().toUpperCase() === 'DONE'

async function firstOf(
  line: Promise<Frame | undefined>,
  rung: Promise<'rung'>,
  heartbeatMs: number,
): Promise<Frame | undefined | 'rung' | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), heartbeatMs)
  })
  try {
    return await Promise.race([line, rung, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Rings that nobody waited for are one. */
class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async next(): Promise<'rung'> {
    if (!this.#rung)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#rung = false
    this.#wake = undefined
    return 'rung'
  }
}
