// THREAD=ORDEREDSUBJECT, "poor man's threading": the first message of a subject, and all others of it below. RFC 5256 §3.

import { arranged, byDate, type ThreadAlgorithm } from './threads.js'

export const orderedSubject: ThreadAlgorithm = (messages) => {
  const order = byDate(messages)
  const { subjects, subjectCount } = messages
  const firsts = new Int32Array(subjectCount).fill(-1)
  const parents = new Int32Array(order.length).fill(-1)
  for (let i = 0; i < order.length; i++) {
    const message = order[i] as number
    const subject = subjects[message] as number
    const first = firsts[subject] as number
    if (first < 0) firsts[subject] = message
    else parents[message] = first
  }
  return arranged(parents, order, order.length)
}
