// Lines of a message that came by HTTP may end in LF alone, as they do in a file or in a provider's JSON: they get the CR that mail
// has. There is no end of data here that could be smuggled past anybody; a bare CR or a NUL is refused later like everywhere.

const cr = 0x0d
const lf = 0x0a

export async function* mailLineEnds(text: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let before = 0
  for await (const bytes of text) {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (piece.length === 0) continue
    yield mended(piece, before)
    before = piece[piece.length - 1] as number
  }
}

/** @param before the byte in front of it */
function mended(piece: Buffer, before: number): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (let at = piece.indexOf(lf); at >= 0; at = piece.indexOf(lf, at + 1)) {
    if ((at === 0 ? before : piece[at - 1]) === cr) continue
    parts.push(piece.subarray(from, at), Buffer.from('\r'))
    from = at
  }
  return from === 0 && parts.length === 0 ? piece : Buffer.concat([...parts, piece.subarray(from)])
}
