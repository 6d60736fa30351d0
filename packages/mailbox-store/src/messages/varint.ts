// Whole numbers in as few bytes as they need: seven bits to a byte, the lowest first; the last byte is below 128.

export function putVarint(into: number[], value: number): void {
  let rest = value
  while (rest > 127) {
    into.push((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  into.push(rest)
}

/** Reads one number after the other. */
export class VarintReader {
  bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  next(): number {
    const { bytes } = this
    const first = bytes[this.at++] as number
    if (first < 128) return first
    let value = first & 127
    for (let scale = 128; ; scale *= 128) {
      const next = bytes[this.at++] as number
      value += (next & 127) * scale
      if (next < 128) return value
    }
  }
}
