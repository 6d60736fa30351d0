// The message that belongs to a key: what the child appends, and what the parent must find again, byte for byte.

export function keyed(key, size) {
  const body = `${key} `.repeat(Math.ceil(size / (key.length + 1)))
  return new TextEncoder().encode(`Subject: ${key}\r\nMessage-ID: <${key}@example.net>\r\n\r\n${body}\r\n`)
}
