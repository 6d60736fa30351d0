// What a client knows of its mailbox from all that it was told: how many messages, and the flags and uids of those that it has
// heard of. Servers may tell sooner or later, and more or less; when both have told all there is, it must be the same.

import { fetchItems, parse } from './answers.mjs'

export class Told {
  messages = []
  /** What a server must not do, whatever the other one does. */
  faults = []
  isExamined = false
  recent = 0
  #keywords = new Set()

  forget(command) {
    this.isExamined = command.startsWith('EXAMINE')
    this.messages = []
    this.recent = 0
    this.#keywords = new Set()
  }

  take(lines, command) {
    for (const line of lines) this.#take(line, command)
  }

  #take(line, command) {
    const items = parse(line.slice(2))
    const number = Number(items[0])
    if (items[0] === 'FLAGS') this.#keywords = new Set(items[1].map((flag) => flag.toLowerCase()))
    else if (items[1] === 'EXISTS') {
      if (number < this.messages.length) this.faults.push(`${line} after ${this.messages.length}`)
      while (this.messages.length < number) this.messages.push({})
    } else if (items[1] === 'RECENT') this.recent = number
    else if (items[1] === 'EXPUNGE') {
      if (/^(FETCH|STORE|SEARCH)/i.test(command)) this.faults.push(`${line} in ${command}`)
      if (number < 1 || number > this.messages.length) this.faults.push(`${line} of ${this.messages.length}`)
      this.messages.splice(number - 1, 1)
    } else if (items[1] === 'FETCH') this.#fetched(number, items[2], line)
  }

  #fetched(number, list, line) {
    const message = this.messages[number - 1]
    if (message === undefined) {
      this.faults.push(`${line.slice(0, 80)} of ${this.messages.length}`)
      return
    }
    const items = fetchItems(list)
    const uid = items.get('UID')
    if (uid !== undefined) {
      if (message.uid !== undefined && message.uid !== uid) this.faults.push(`uid ${uid} was ${message.uid}`)
      message.uid = uid
    }
    const flags = items.get('FLAGS')
    if (flags === undefined) return
    message.flags = flags
      .map((flag) => flag.toLowerCase())
      .sort()
      .join(' ')
    for (const flag of flags)
      if (!flag.startsWith('\\') && !this.#keywords.has(flag.toLowerCase()))
        this.faults.push(`${flag} was never in FLAGS`)
  }
}

/** A sentence where they differ. */
export function different(ours, theirs) {
  if (ours.messages.length !== theirs.messages.length)
    return `Postern told of ${ours.messages.length} messages, Dovecot of ${theirs.messages.length}`
  if (ours.recent !== theirs.recent) return `Postern told of ${ours.recent} recent ones, Dovecot of ${theirs.recent}`
  for (const [i, a] of ours.messages.entries())
    for (const what of ['uid', 'flags']) {
      const b = theirs.messages[i]
      if (a[what] !== undefined && b[what] !== undefined && a[what] !== b[what])
        return `${what} of ${i + 1}: Postern ${a[what]}, Dovecot ${b[what]}`
    }
  return undefined
}
