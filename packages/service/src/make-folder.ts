// A folder, with those above it, where it isn't there yet: what `mkdir` with `recursive` does, but for one thing. On a disk that
// is mounted read-only that one says that the folder isn't there, and where the system makes none (/proc, a mount on demand) it
// never ends (Node.js 20 to 24); here the system's own answer is thrown.

import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

export async function makeFolder(path: string, { mode }: { readonly mode: number }): Promise<void> {
  const above = dirname(resolve(path))
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (await isFolder(path)) return
    if (codeOf(error) !== 'ENOENT' || (await isFolder(above))) throw error
    await makeFolder(above, { mode })
    await makeFolder(path, { mode })
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
