// Synthetic mail for measuring: headers as real mail carries them, bodies of words drawn by Zipf's law, sizes spread
// around 4 KB. The same seed gives the same mail.

const syllables =
  'ba be bi bo bu da de di do du fa fe fi fo ga ge gi go ka ke ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi vo za ze zi zo'.split(
    ' ',
  )

export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

function vocabulary(random, size) {
  const words = new Set()
  while (words.size < size) {
    let word = ''
    for (let n = 2 + Math.floor(random() * 3); n > 0; n--) word += syllables[Math.floor(random() * syllables.length)]
    words.add(word)
  }
  return [...words]
}

export function makeCorpus({ seed = 1, words = 30_000 } = {}) {
  const random = randomFrom(seed)
  const list = vocabulary(random, words)
  // Zipf: the share of rank r falls as 1/r, so that the logarithm of a rank is spread evenly.
  const word = () => list[Math.min(list.length - 1, Math.floor(Math.exp(random() * Math.log(list.length))) - 1)]

  return function message(i, { size, rare } = {}) {
    const bytes = size ?? Math.floor(2000 * 4 ** random())
    const day = 1 + (i % 28)
    const time = `${String(i % 24).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}:00`
    const date = `${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][(day + 0) % 7]}, ${String(day).padStart(2, '0')} Feb 2026 ${time} +0000`
    const from = word()
    let text =
      `Return-Path: <${from}@example.net>\r\n` +
      `Received: from mx${i % 50}.example.net (mx${i % 50}.example.net [192.0.2.${i % 250}])\r\n\tby mail.example.test with ESMTPS id ${i.toString(36)}x\r\n\tfor <alice@example.test>; ${date}\r\n` +
      `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1;\r\n\th=from:to:subject:date:message-id; bh=${Buffer.from(`${i * 7919}-${i}`.padEnd(32, '=')).toString('base64')};\r\n\tb=${Buffer.from(
        `${i * 104729}`.repeat(12),
      )
        .toString('base64')
        .slice(0, 172)}\r\n` +
      `From: ${from} ${word()} <${from}@example.net>\r\nTo: Alice <alice@example.test>\r\nSubject: ${word()} ${word()} ${word()} ${i}\r\n` +
      `Date: ${date}\r\nMessage-ID: <${i.toString(36)}.${(i * 2654435761) >>> 0}@example.net>\r\n` +
      'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n'
    let line = rare === undefined ? '' : `${rare} `
    while (text.length + line.length < bytes - 2) {
      line += `${word()} `
      if (line.length > 68) {
        text += `${line.trimEnd()}\r\n`
        line = ''
      }
    }
    text += `${line.slice(0, Math.max(0, bytes - text.length - 2))}\r\n`
    return Buffer.from(text, 'latin1')
  }
}
