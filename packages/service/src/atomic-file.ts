/**
 * Writes a file so that its path shows the old content or the new one and never a part: written and flushed under another
 * name in the same directory, then renamed, then the directory is flushed.
 */
import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function writeFileAtomic(
  path: string,
  content: string,
  { mode }: { readonly mode: number },
): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', mode)
  try {
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  const directory = await open(dirname(path), 'r')
  await directory.sync().finally(() => directory.close())
}
