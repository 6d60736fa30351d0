// The messages that are sent: plain text of a given size from the login's address, each one another by its Message-ID, so that
// none is taken for one that came again.

import { makeCorpus } from './others.mjs'

const counterDigits = 12
const end = Buffer.from('\r\n.\r\n')
let sent = 0

/** A message as it goes over the wire, final dot included; each call gives it a number of its own. */
export function letters({ from, to, size }) {
  const stranger = makeCorpus()(1, { size }).toString('latin1')
  const text = stranger.slice(stranger.indexOf('\r\n\r\n') + 4).replace(/^\./gm, '..')
  const unique = `${process.pid}.${Date.now()}`
  const header = [
    ...[`From: Bench <${from}>`, `To: <${to}>`, 'Subject: Lunch on Thursday', 'Date: Mon, 02 Nov 2026 10:00:00 +0000'],
    ...['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'],
    `Message-ID: <${'0'.repeat(counterDigits)}.${unique}@bench.example.test>`,
  ].join('\r\n')
  const bytes = Buffer.concat([Buffer.from(`${header}\r\n\r\n${text}`, 'latin1').subarray(0, size), end])
  const at = header.indexOf('<0000') + 1
  return () => {
    bytes.write(String(++sent).padStart(counterDigits, '0'), at, 'latin1')
    return bytes
  }
}
