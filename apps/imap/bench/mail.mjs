// The mail that is measured with, the same on each server, and how it gets there.

import { appendOf, RawClient } from './raw-client.mjs'

// The other package's bench, not the package.
const { makeCorpus } = await import(new URL('../../../packages/mailbox-store/bench/corpus.mjs', import.meta.url))

const rareWord = 'quixotryword'

/** `mail` for the INBOX, in which a tenth has a rare word; `small` is 4 KB and `large` 100 KB each, for appending. */
export function makeMail(size) {
  const message = makeCorpus()
  const mail = Array.from({ length: size }, (_, i) => message(i, i % (size / 10) === 7 ? { rare: rareWord } : {}))
  const small = Array.from({ length: 400 }, (_, i) => message(size + i, { size: 4096 }))
  const large = Array.from({ length: 40 }, (_, i) => message(size + i, { size: 102_400 }))
  return { mail, small, large, words: { rare: rareWord, ...wordsOf(mail) } }
}

/** A word that about a third of the mail has in its body, and one that few subjects have. */
function wordsOf(mail) {
  const counts = new Map()
  const sample = mail.slice(0, 300).map((bytes) => bytes.toString('latin1').split('\r\n\r\n'))
  for (const [, body] of sample)
    for (const word of new Set(body.match(/\w{6,}/g))) counts.set(word, (counts.get(word) ?? 0) + 1)
  const [common] = [...counts].reduce((best, one) => (Math.abs(one[1] - 100) < Math.abs(best[1] - 100) ? one : best))
  const subjects = sample.map(([header]) => /^Subject: (\w+)/m.exec(header)[1]).filter((word) => word.length >= 6)
  const subject = subjects.find((word) => subjects.filter((other) => other === word).length === 1)
  return { common, subject }
}

/** The seconds it took. */
export async function fill(server, mail) {
  const client = await RawClient.loggedIn(server)
  const started = performance.now()
  const step = 250
  for (let at = 0; at < mail.length; at += step) {
    const day = (i) => `"${String(1 + ((at + i) % 28)).padStart(2, ' ')}-Feb-2026 10:00:00 +0000"`
    const words = (i) => `${(at + i) % 2 === 0 ? '(\\Seen) ' : ''}${day(i)} `
    await client.commands([appendOf('INBOX', mail.slice(at, at + step), words)])
  }
  client.end()
  return (performance.now() - started) / 1_000
}

/** Until a search no longer gets faster: the index is built in the background. */
export async function searchSettled(server) {
  const client = await RawClient.loggedIn(server, 'INBOX')
  for (let tries = 0, quiet = 0; tries < 60 && quiet < 3; tries++) {
    const started = performance.now()
    await client.command(`SEARCH TEXT ${rareWord}`)
    quiet = performance.now() - started < 15 ? quiet + 1 : 0
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  client.end()
}
