// The entries of a folder that is imported, in the order of their names as people count: `9.eml` before `10.eml`. Links are not
// followed out of it: somebody else may have made them.

import { readdir } from 'node:fs/promises'

export interface FolderEntries {
  readonly files: readonly string[]
  readonly folders: readonly string[]
}

const { compare } = new Intl.Collator('en', { numeric: true })

export const inNameOrder = (a: string, b: string): number => compare(a, b) || (a < b ? -1 : 1)

export async function folderEntries(path: string): Promise<FolderEntries> {
  const entries = await readdir(path, { withFileTypes: true })
  const named = (isKind: (entry: (typeof entries)[number]) => boolean): string[] =>
    entries
      .filter(isKind)
      .map(({ name }) => name)
      .sort(inNameOrder)
  return { files: named((entry) => entry.isFile()), folders: named((entry) => entry.isDirectory()) }
}
