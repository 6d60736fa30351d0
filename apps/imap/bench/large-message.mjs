// A large message as mail clients make them: a short text and an attachment in base64. In parts, of which all but the first are the
// same bytes, so that a hundred of them cost the bench no memory.

const line = `${Buffer.from(Array.from({ length: 57 }, (_, i) => (i * 89 + 41) & 255)).toString('base64')}\r\n`
const block = Buffer.from(line.repeat(3_360))
const end = Buffer.from('\r\n--part--\r\n')

/** About so many bytes; `i` makes it another message. */
export function largeMessage(bytes, i) {
  const head = Buffer.from(
    [
      'From: Ada <ada@example.test>',
      'To: Bob <bob@example.test>',
      `Subject: A large one, number ${i}`,
      `Message-ID: <large${i}@example.test>`,
      'Date: Mon, 02 Feb 2026 10:00:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=part',
      '',
      '--part',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'See the attachment.',
      '--part',
      'Content-Type: application/octet-stream; name=data.bin',
      'Content-Disposition: attachment; filename=data.bin',
      'Content-Transfer-Encoding: base64',
      '',
      '',
    ].join('\r\n'),
  )
  return [head, ...Array(Math.ceil(bytes / block.length)).fill(block), end]
}
