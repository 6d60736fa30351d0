// Where the tests' messages are: our own in mail/ beside this file, and the published collection beside the project, which a
// checkout elsewhere doesn't have. Bare line feeds, as published, and the same with CRLF.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const own = join(import.meta.dirname, 'mail')
const published = join(import.meta.dirname, '../../../../shared/mail')

export interface CorpusMessage {
  name: string
  bytes: Uint8Array
}

export const ownMail = messagesIn(own)
export const publishedMail = existsSync(published) ? messagesIn(published) : []

function messagesIn(folder: string, root = folder): CorpusMessage[] {
  const found: CorpusMessage[] = []
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) found.push(...messagesIn(path, root))
    else if (name.endsWith('.eml'))
      found.push({ name: relative(root, path), bytes: new Uint8Array(readFileSync(path)) })
  }
  return found
}

export function withCrlf(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (const [index, byte] of bytes.entries()) {
    if (byte === 10 && bytes[index - 1] !== 13) out.push(13)
    out.push(byte)
  }
  return Uint8Array.from(out)
}
