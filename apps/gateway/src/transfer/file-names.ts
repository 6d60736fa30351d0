// Names of mailboxes as names of files and folders, which any file system takes and nobody is led astray by: no `..`, no control
// characters, nothing that Windows forbids, no two that differ in case alone, none too long. What a name loses by it the
// export's index has.

import { createHash } from 'node:crypto'
import { encodeModifiedUtf7 } from '@postern/imap-wire'
import { indexName, notesName } from './export-index.js'
import { fileNameBytesMax, maildirNameBytesMax } from './limits.js'

const reservedByWindows = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i
/** Names and endings that mean something in an export. */
const reservedHere = /(?:^(?:cur|new|tmp|mbox)|\.(?:sbd|mbox|mbx|eml|partial))$/i

/** One level of a name, alone. */
export function safeName(level: string): string {
  const clean = level
    .normalize('NFC')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\\/:*?"<>|]/gu, '_')
    .replace(/^[.\s~]/, '_')
    .replace(/[.\s]$/, '_')
  const short = shortened(clean, fileNameBytesMax)
  const isReserved = reservedByWindows.test(short) || reservedHere.test(short) || [indexName, notesName].includes(short)
  return short === '' || isReserved ? `${short}_` : short
}

function shortened(text: string, bytesMax: number): string {
  let short = text
  while (Buffer.byteLength(short) > bytesMax) short = Array.from(short).slice(0, -1).join('')
  return short
}

/** Names in use, by what file systems without case would take for the same. */
class Taken {
  readonly #names = new Set<string>()

  free(name: string): string {
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : `${name}~${n}`
      const folded = candidate.normalize('NFKC').toLowerCase()
      if (this.#names.has(folded)) continue
      this.#names.add(folded)
      return candidate
    }
  }
}

/** A folder in a folder for each level. */
export class NestedNames {
  readonly #taken = new Map<string, Taken>()
  readonly #names = new Map<string, string>()

  /** The names of its levels. */
  levelsOf(mailbox: string): readonly string[] {
    const levels = mailbox.split('/')
    return levels.map((_, i) => this.#name(levels.slice(0, i), levels[i] as string))
  }

  #name(above: readonly string[], level: string): string {
    const folder = above.join('/')
    const key = `${folder}/${level}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const taken = this.#taken.get(folder) ?? new Taken()
    this.#taken.set(folder, taken)
    const name = taken.free(safeName(level))
    this.#names.set(key, name)
    return name
  }
}

/** All in one folder, with a dot before each level: Maildir++. */
export class FlatNames {
  readonly #taken = new Taken()

  nameOf(mailbox: string): string {
    const levels = mailbox.split('/').map((level) => encodeModifiedUtf7(safeName(level).replaceAll('.', '_')))
    const whole = `.${levels.join('.')}`
    const digest = createHash('sha256').update(mailbox).digest('hex').slice(0, 16)
    const short = whole.length <= maildirNameBytesMax ? whole : `.${digest}`
    return this.#taken.free(short)
  }
}
