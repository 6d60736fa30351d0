// What mail clients do with their own copy of a message that they submit: the text that comes over SMTP, the text that
// comes by APPEND, and whether the two are one message (contract E3). Shared by the store's suite and IMAP's.

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n`

export interface ClientHabit {
  readonly submitted: string
  readonly copy: string
  readonly same: boolean
}

const body = lines('Hello Bob,', '', 'the report is done.', '-- ', 'Alice')
const head = {
  from: 'From: Alice Example <alice@example.test>',
  to: 'To: Bob <bob@example.net>',
  date: 'Date: Thu, 19 Nov 2026 09:30:00 +0100',
  id: 'Message-ID: <a1b2c3@example.test>',
  mime: lines('MIME-Version: 1.0', 'Content-Type: text/plain; charset=UTF-8; format=flowed').trimEnd(),
}
const trace = lines(
  'Received: from [192.0.2.7] (unknown)',
  '\tby mail.example.test (Postern) with ESMTPSA id q1',
  '\tfor <bob@example.net>; Thu, 19 Nov 2026 09:30:02 +0100',
).trimEnd()
const plain = lines(trace, head.from, head.to, 'Subject: Report', head.date, head.id, head.mime, '') + body
const copyWith = (change: (text: string) => string): string => change(plain.slice(trace.length + 2))
const alternative = (...between: string[]): string =>
  lines(...between, '', '--Apple-Mail=_1', 'Content-Type: text/plain', '', 'Hello', '--Apple-Mail=_1--')

export const clientHabits: Readonly<Record<string, ClientHabit>> = {
  'the same bytes again': { submitted: plain, copy: plain, same: true },
  'Thunderbird: its own fields and Bcc, its own order, folded elsewhere': {
    submitted: plain,
    copy:
      lines(
        head.id,
        head.date,
        'MIME-Version: 1.0',
        'User-Agent: Mozilla Thunderbird',
        'Content-Language: en-US',
        head.to,
        'Bcc: Carol <carol@example.org>',
        'From: Alice Example',
        ' <alice@example.test>',
        'Subject: Report',
        'X-Mozilla-Status: 0001',
        'X-Mozilla-Draft-Info: internal/draft; vcard=0; receipt=0; DSN=0; uuencode=0',
        'FCC: imap://alice%40example.test@mail.example.test/Sent',
        'Content-Type: text/plain; charset=UTF-8; format=flowed',
        '',
      ) + body,
    same: true,
  },
  'Apple Mail: MIME fields folded otherwise, a blank line more, its own identifiers': {
    submitted:
      lines(
        trace,
        'From: =?utf-8?Q?Al=C3=AFce?= <alice@example.test>',
        'Content-Type: multipart/alternative; boundary="Apple-Mail=_1"',
        'Subject: Report',
        'Message-Id: <D5E7-4A@example.test>',
        head.date,
        head.to,
        'Mime-Version: 1.0 (Mac OS X Mail 16.0)',
      ) + alternative(),
    copy:
      lines(
        'X-Uniform-Type-Identifier: com.apple.mail-draft',
        'X-Universally-Unique-Identifier: 7B0C',
        'Content-Type: multipart/alternative;',
        '\tboundary="Apple-Mail=_1"',
        'From: =?utf-8?Q?Al=C3=AFce?= <alice@example.test>',
        'Message-Id: <D5E7-4A@example.test>',
        head.date,
        'Mime-Version: 1.0 (Mac OS X Mail 16.0)',
      ) +
      alternative() +
      lines(''),
    same: true,
  },
  'mutt: Bcc, Status, Content-Length and Lines': {
    submitted: plain,
    copy: copyWith((text) =>
      text.replace(
        'Subject:',
        `${lines('Bcc: carol@example.org', 'Status: RO', 'Content-Length: 57', 'Lines: 5')}Subject:`,
      ),
    ),
    same: true,
  },
  'mutt: lines that end in LF': {
    submitted: plain,
    copy: copyWith((text) => text.replaceAll('\r\n', '\n')),
    same: true,
  },
  'white space and blank lines at the end': {
    submitted: plain,
    copy: copyWith((text) => `${text.replace('-- \r\n', '--\r\n').replace('done.', 'done. \t')}\r\n \r\n`),
    same: true,
  },
  'without a line end at the end': { submitted: plain, copy: copyWith((text) => text.trimEnd()), same: true },
  'the same moment in another zone': {
    submitted: plain,
    copy: copyWith((text) => text.replace(head.date, 'Date: Thu, 19 Nov 2026 08:30:00 GMT (winter)')),
    same: true,
  },
  'a Message-ID with a comment and folded': {
    submitted: plain,
    copy: copyWith((text) => text.replace(head.id, 'message-id: (mine)\r\n  <a1b2c3@example.test> ')),
    same: true,
  },
  'the From addresses in another order': {
    submitted: plain.replace(head.from, 'From: alice@example.test, Bob <bob@example.test>'),
    copy: copyWith((text) => text.replace(head.from, 'From: bob@EXAMPLE.test,\r\n "A." <alice@example.test>')),
    same: true,
  },
  'Outlook: a Message-ID of its own': {
    submitted: plain,
    copy: copyWith((text) => text.replace(head.id, 'Message-ID: <PR3PR04MB@example.test>')),
    same: false,
  },
  'a Message-ID in another case': {
    submitted: plain,
    copy: copyWith((text) => text.replace('a1b2c3', 'A1B2C3')),
    same: false,
  },
  'no Message-ID': {
    submitted: plain.replace(`${head.id}\r\n`, ''),
    copy: copyWith((text) => text.replace(`${head.id}\r\n`, '')),
    same: false,
  },
  'a second later': { submitted: plain, copy: copyWith((text) => text.replace('09:30:00', '09:30:01')), same: false },
  'no Date': { submitted: plain, copy: copyWith((text) => text.replace(`${head.date}\r\n`, '')), same: false },
  'another From': { submitted: plain, copy: copyWith((text) => text.replace('<alice@', '<al@')), same: false },
  'one From more': {
    submitted: plain,
    copy: copyWith((text) => text.replace(head.from, `${head.from}, bob@example.test`)),
    same: false,
  },
  'another word in the body': { submitted: plain, copy: copyWith((text) => text.replace('done', 'late')), same: false },
  'a blank line more in the middle': {
    submitted: plain,
    copy: copyWith((text) => text.replace('\r\n-- ', '\r\n\r\n-- ')),
    same: false,
  },
  'white space at the beginning of a line': {
    submitted: plain,
    copy: copyWith((text) => text.replace('\r\nthe report', '\r\n the report')),
    same: false,
  },
}
