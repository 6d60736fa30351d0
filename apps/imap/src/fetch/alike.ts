// Many clients ask for one message a command, one after the other, and send the commands ahead. Those that have come and differ from
// the one before them by their number alone are one FETCH with many answers: read together, written line by line, each line with
// its command's OK behind it. A session between two commands keeps nothing of it. RFC 9051 §5.5, §6.4.5.

import { type NumberSet, tagOf, type Command as WireCommand } from '@postern/imap-wire'
import { uidMax } from '@postern/mailbox-store'
import type { Session } from '../session.js'
import { bytesOf, type FetchItem } from './item.js'
import { writeLines } from './lines.js'

/** Answered in one go. */
const commandsMax = 256
const SP = 0x20
const ZERO = 0x30
const NINE = 0x39
const numberDigitsMax = 10
const answered = bytesOf((w) => w.raw(' OK Fetched').crlf())

/** A FETCH of one number, as it was understood. */
export interface Understood {
  readonly line: Uint8Array
  readonly uid: boolean
  readonly items: readonly FetchItem[]
  /** The flags that it told are no news any more. */
  readonly tellsFlags: boolean
}

/** The commands of one go, in their order; their numbers ascend. */
export interface Run {
  readonly fetch: Understood
  readonly tags: string[]
  readonly numbers: number[]
  /** So many have had their OK. The last one's is left to who ends the run. */
  answered: number
}

export class FetchesAlike {
  #last: Understood | undefined

  note(fetch: Understood): void {
    this.#last = fetch
  }

  forget(): void {
    this.#last = undefined
  }

  /** This command and those behind it, where it's like the one before it; they're taken from the input. */
  take(first: WireCommand, session: Session): Run | undefined {
    const fetch = this.#last
    if (fetch === undefined) return undefined
    const { view } = session.mailbox
    if (!fetch.uid && view.hasGone) return undefined
    const highest = fetch.uid ? uidMax : view.count
    const run: Run = { fetch, tags: [], numbers: [], answered: 0 }
    for (let command = first; run.tags.length < commandsMax; ) {
      const line = lineOf(command)
      const number = line === undefined ? 0 : numberLike(line, fetch.line)
      const tag = line === undefined || number === 0 ? '*' : tagOf(line)
      if (tag === '*' || number > highest || number <= (run.numbers.at(-1) ?? 0)) break
      if (command !== first) session.input.takePeeked()
      run.tags.push(tag)
      run.numbers.push(number)
      const frame = session.input.peek()
      if (frame?.kind !== 'command') break
      command = frame.command
    }
    return run.tags.length === 0 ? undefined : run
  }
}

/** Of a command that is one line. */
export const lineOf = ({ pieces }: WireCommand): Uint8Array | undefined =>
  pieces.length === 1 ? pieces[0]?.bytes : undefined

/** The number that stands in a line where the other line has its own, if all else behind the tags is the same; otherwise 0. */
function numberLike(line: Uint8Array, other: Uint8Array): number {
  let at = line.indexOf(SP)
  let its = other.indexOf(SP)
  for (; its < other.length && !isDigit(other[its]); at++, its++) if (line[at] !== other[its]) return 0
  const from = at
  let number = 0
  for (; isDigit(line[at]) && at - from < numberDigitsMax; at++) number = 10 * number + (line[at] as number) - ZERO
  while (isDigit(other[its])) its++
  if (line[from] === ZERO || line[at] !== SP || other[its] !== SP || line.length - at !== other.length - its) return 0
  for (; at < line.length; at++, its++) if (line[at] !== other[its]) return 0
  return number
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE

/** The lines of all, and the OK of each but the last. */
export async function answerAlike(session: Session, run: Run): Promise<void> {
  const { fetch, tags, numbers } = run
  const { out } = session
  const { view } = session.mailbox
  const targets = view.targets(rangesOf(numbers), { uid: fetch.uid })
  session.tellKeywords()
  const told = fetch.uid ? targets.uids : targets.numbers
  await writeLines(session, targets, {
    ...{ items: fetch.items, marked: undefined, itemsOfMarked: fetch.items },
    /** Those before it are answered, also where their message isn't there. */
    before(at) {
      const number = told[at] as number
      while ((numbers[run.answered] as number) < number) out.raw(tags[run.answered++] as string).bytes(answered)
    },
  })
  while (run.answered < tags.length - 1) out.raw(tags[run.answered++] as string).bytes(answered)
  if (fetch.tellsFlags) view.tellsFlagsOf(targets)
}

/** Of ascending numbers. */
function rangesOf(numbers: readonly number[]): NumberSet {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (const number of numbers) {
    if (last !== undefined && number === last[1] + 1) last[1] = number
    else {
      last = [number, number]
      ranges.push(last)
    }
  }
  return ranges
}
