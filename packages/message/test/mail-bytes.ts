// Messages written down in tests: lines, with CRLF as mail has it.

export function mail(...lines: string[]): Uint8Array {
  return bytes(lines.join('\r\n'))
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** One byte for each character: for raw 8-bit text that isn't UTF-8. */
export function rawBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data)
}
