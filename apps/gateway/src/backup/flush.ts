// Makes files and names durable that something else than the store has written.

import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A file's bytes, or a folder's names. */
export async function flushPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.sync().finally(() => file.close())
}

export async function flushTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name)
    if (entry.isDirectory()) await flushTree(below)
    else if (entry.isFile()) await flushPath(below)
  }
  await flushPath(path)
}
