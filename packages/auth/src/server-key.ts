/**
 * The server's key: 32 random bytes in DATA_DIR/secret.key, as 64 hex digits, readable by the owner only. Made on the first
 * start and never replaced, because every stored credential hash depends on it; it belongs in the backup beside the database.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

const keyLength = 32

/** The file is there and holds no key. */
export class ServerKeyDamaged extends Error {
  override readonly name = 'ServerKeyDamaged'
}

/** Reads the key, or makes it where there is none. Two processes that start at once get the same one. */
export async function loadServerKey(path: string): Promise<Uint8Array> {
  const written = (await readIfThere(path)) ?? (await make(path))
  if (!/^[0-9a-f]{64}\n?$/.test(written)) {
    throw new ServerKeyDamaged(`${path} is not a server key (${keyLength * 2} hex digits)`)
  }
  return Buffer.from(written.trim(), 'hex')
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Written and flushed under another name, then linked: the path never shows half a key, and the first one to link wins. */
async function make(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await writeFlushed(file, `${randomBytes(keyLength).toString('hex')}\n`)
    await link(temporary, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await unlink(temporary)
  }
  await flushDirectory(dirname(path))
  return readFile(path, 'utf8')
}

async function writeFlushed(file: FileHandle, content: string): Promise<void> {
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
