// Microseconds per message on the append path, and megabytes per second for a big one. Run after a build:
//   node packages/message/bench/parse.mjs [name]
// The figures to hold are in `goals`; the best of several rounds is shown, since a busy machine only ever adds.
import {
  decodeParts,
  encodeParts,
  headerFields,
  parseMessage,
  preview,
  resolveSection,
  searchHeaders,
  searchText,
} from '../dist/index.js'

const crlf = (...lines) => `${lines.join('\r\n')}\r\n`
const encoder = new TextEncoder()
const bytesOf = (text) => encoder.encode(text)

const headers = (type) =>
  crlf(
    'Return-Path: <jane.doe@example.com>',
    'Delivered-To: john.smith@example.org',
    'Received: from mail-yw1-f171.example.com (mail-yw1-f171.example.com [192.0.2.171])',
    '\tby mx.example.org (Postfix) with ESMTPS id 4XyZ123abc',
    '\tfor <john.smith@example.org>; Tue, 14 May 2024 09:26:53 +0000 (UTC)',
    'Received: by mail-yw1-f171.example.com with SMTP id 00721157ae682-61be4b59a3bso61',
    '        for <john.smith@example.org>; Tue, 14 May 2024 02:26:53 -0700 (PDT)',
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=20230601;',
    '        h=to:subject:message-id:date:from:mime-version:from:to:cc:subject;',
    '        bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=dGhpcyBpcyBub3QgYSBzaWduYXR1cmU=',
    'MIME-Version: 1.0',
    'References: <CAF=abc123@mail.example.com> <CAF=def456@mail.example.com>',
    'In-Reply-To: <CAF=def456@mail.example.com>',
    'From: Jane Doe <jane.doe@example.com>',
    'Date: Tue, 14 May 2024 11:26:41 +0200',
    'Message-ID: <CAF=ghi789@mail.example.com>',
    'Subject: Re: Minutes of the meeting on Tuesday',
    'To: "Smith, John" <john.smith@example.org>',
    'Cc: Team <team@example.org>, sales@example.com',
    `Content-Type: ${type}`,
  )

const line = 'It was agreed that the parser should be measured before it is praised, twice.'
const text = (bytes) => crlf(...Array.from({ length: Math.ceil(bytes / (line.length + 2)) }, () => line))
const html = (bytes) =>
  `<html><body><style>p{margin:0}</style>${text(bytes).replaceAll('agreed', '<b>agreed</b>')}</body></html>\r\n`
const base64 = (bytes) =>
  `${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n'.repeat(Math.ceil(bytes / 78))}`

const alternative = (boundary, size) =>
  `--${boundary}\r\nContent-Type: text/plain; charset="UTF-8"\r\n\r\n${text(size)}\r\n` +
  `--${boundary}\r\nContent-Type: text/html; charset="UTF-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${html(size)}\r\n` +
  `--${boundary}--\r\n`

const plain = `${headers('text/plain; charset="UTF-8"')}\r\n${text(2900)}`
const messages = {
  plain: bytesOf(plain),
  alternative: bytesOf(
    `${headers('multipart/alternative; boundary="000000000000a1b2c3"')}\r\n${alternative('000000000000a1b2c3', 1300)}`,
  ),
  nested: bytesOf(
    `${headers('multipart/mixed; boundary="outer"')}\r\n--outer\r\nContent-Type: multipart/alternative; boundary="inner"\r\n\r\n` +
      `${alternative('inner', 1000)}\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n${plain}\r\n` +
      `--outer\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${base64(2000)}\r\n--outer--\r\n`,
  ),
  attachment: bytesOf(
    `${headers('multipart/mixed; boundary="outer"')}\r\n--outer\r\nContent-Type: text/plain\r\n\r\n${text(500)}\r\n` +
      `--outer\r\nContent-Type: application/zip; name="a.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(20_000_000)}\r\n--outer--\r\n`,
  ),
}
const goals = { plain: '≤ 20', alternative: '≤ 30', preview: '≤ 8' }

function bestMicroseconds(run, rounds, times) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < times; i++) run()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1000 / times)
  }
  return best
}

const only = process.argv[2]
for (const name of ['plain', 'alternative', 'nested']) {
  if (only && only !== name) continue
  const bytes = messages[name]
  const parsed = parseMessage(bytes)
  const row = (what, run, goal = '') =>
    console.log(`${name} (${bytes.length} bytes) ${what}: ${bestMicroseconds(run, 20, 3000).toFixed(1)} µs ${goal}`)
  row('parse', () => parseMessage(bytes), goals[name])
  row('parse, answers as bytes', () => {
    const { envelope, bodyStructure } = parseMessage(bytes)
    encoder.encode(envelope)
    encoder.encode(bodyStructure)
  })
  const buffer = Buffer.from(bytes)
  row('parse from a Buffer', () => parseMessage(buffer))
  row('preview', () => preview(bytes, parsed), goals.preview)
  row('encodeParts', () => encodeParts(parsed))
  const stored = encodeParts(parsed)
  row('decodeParts and resolveSection', () => resolveSection(decodeParts(stored), [1]))
  const header = bytes.subarray(0, parsed.bodyStart)
  row('headerFields', () => headerFields(header, ['From', 'To', 'Subject', 'Date', 'Message-ID']))
  row('searchHeaders', () => searchHeaders(bytes, parsed))
  row('searchText', () => searchText(bytes, parsed))
}
if (!only || only === 'attachment') {
  const microseconds = bestMicroseconds(() => parseMessage(messages.attachment), 7, 1)
  console.log(`attachment parse: ${(messages.attachment.length / microseconds).toFixed(0)} MB/s ≥ 500`)
}
