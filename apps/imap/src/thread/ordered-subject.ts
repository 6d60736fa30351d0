// THREAD=ORDEREDSUBJECT, "poor man's threading": the first message of a subject, and all others of it below. RFC 5256 §3.

import { arranged, byDate, type Threading } from './threads.js'

export const orderedSubject: Threading = (messages) => {
  const order = byDate(messages)
  const firsts = new Map<string, number>()
  const parents = new Int32Array(messages.length).fill(-1)
  for (const message of order) {
    const subject = messages.subjects[message] as string
    const first = firsts.get(subject)
    if (first === undefined) firsts.set(subject, message)
    else parents[message] = first
  }
  return arranged(parents, order, messages.length)
}
