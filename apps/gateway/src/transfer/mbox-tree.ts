// A folder of mbox files, as Thunderbird (`Archive` with its folders in `Archive.sbd`), mutt (folders in folders) and Apple Mail
// (`Sent.mbox/mbox`) keep them, as mailboxes; or one mbox file, or what is piped in. Files that are no mbox are passed over.

import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Arrival, ArrivingMailbox, MailSource, PassedOver } from './arriving.js'
import { indexName, readIndex } from './export-index.js'
import { folderEntries } from './folder-entries.js'
import { foldersDeepMax } from './limits.js'
import { type Quoting, quotings, readMbox, readMboxFile } from './read-mbox.js'

export const mboxQuotings = quotings

export interface MboxTreeOptions {
  readonly quoting: Quoting
  /** For `-`. */
  readonly stdin: () => NodeJS.ReadableStream
}

export function readMboxTree(path: string, { quoting, stdin }: MboxTreeOptions): MailSource {
  const isFolder = path !== '-' && statSync(path).isDirectory()
  const file = (at: string) => () => readMboxFile(at, { name: at, quoting })
  return {
    async *mailboxes() {
      if (path === '-')
        yield { name: 'INBOX', arrivals: () => readMbox(bytesOf(stdin()), { name: 'standard input', quoting }) }
      else if (!isFolder) yield { name: 'INBOX', arrivals: file(path) }
      else {
        const index = await readIndex(path, 'mbox')
        if (index === undefined) yield* tree({ path, levels: [] }, file)
        else
          for (const { path: below, ...mailbox } of index.mailboxes)
            yield { ...mailbox, arrivals: file(join(path, below)) }
      }
    },
    subscriptions: async () => (isFolder ? ((await readIndex(path, 'mbox'))?.subscriptions ?? []) : []),
  }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

interface Place {
  readonly path: string
  readonly levels: readonly string[]
}

type Reads = (path: string) => () => AsyncIterable<Arrival>

async function* tree({ path, levels }: Place, file: Reads): AsyncGenerator<ArrivingMailbox | PassedOver> {
  const { files, folders } = await folderEntries(path)
  for (const name of files) {
    const at = join(path, name)
    // Apple Mail's folder is the mailbox, and its file has one name only.
    const isFolders = name === 'mbox' && levels.length > 0 && path.endsWith('.mbox')
    const mailbox = isFolders ? levels : [...levels, bare(name)]
    if (name === indexName || name.startsWith('.')) continue
    if (await mayBeMbox(at)) yield { name: mailbox.join('/'), arrivals: file(at) }
    else yield { kind: 'passed-over', place: at, why: 'it is no mbox' }
  }
  if (levels.length >= foldersDeepMax) return
  for (const name of folders)
    if (!name.startsWith('.')) yield* tree({ path: join(path, name), levels: [...levels, bare(name)] }, file)
}

const bare = (name: string): string => name.replace(/\.(?:sbd|mbox|mbx)$/i, '') || name

/** Thunderbird keeps an empty file for an empty folder, and an index of its own beside each. */
async function mayBeMbox(path: string): Promise<boolean> {
  if (/\.(?:msf|dat|json|html|log|cache|sqlite|jsonl)$/i.test(path)) return false
  const file = await open(path, 'r')
  try {
    const room = Buffer.alloc(64)
    const { bytesRead } = await file.read(room, 0, room.length, 0)
    return /^(?:\u00ef\u00bb\u00bf)?\s*(?:From |$)/.test(room.toString('latin1', 0, bytesRead))
  } finally {
    await file.close()
  }
}
