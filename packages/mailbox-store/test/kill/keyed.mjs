// The message that belongs to a key: what the child appends, and what the parent must find again, byte for byte.

export function keyed(key, size) {
  const body = `${key} `.repeat(Math.ceil(size / (key.length + 1)))
  return new TextEncoder().encode(`Subject: ${key}\r\nMessage-ID: <${key}@example.net>\r\n\r\n${body}\r\n`)
}

/** A message that is sent; the client's own copy of it has a Bcc. */
export function sentMail(key, { bcc = false } = {}) {
  const size = key.endsWith('7') ? 150_000 : 1_000
  return new TextEncoder().encode(
    `From: alice@example.test\r\nTo: ${key}@example.net\r\nSubject: ${key}\r\nMessage-ID: <${key}@example.test>\r\n` +
      `Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n${bcc ? 'Bcc: carol@example.org\r\n' : ''}\r\n${'A line.\r\n'.repeat(size / 10)}`,
  )
}
