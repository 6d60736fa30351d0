// Large messages as files, named by the SHA-256 of their bytes: `blobs/ab/cd…`. A file is written beside its place,
// flushed, renamed, and its folder flushed, all before the row that names it is committed. So a row never names a
// file that isn't whole; a crash leaves at worst a file that no row names, which the sweep removes.

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { refuse } from '../refusals.js'
import { asRefusal, type Fault } from '../sqlite/connection.js'
import type { ByteRange, Content } from '../store.js'

const streamBytes = 262_144
/** Gathered of what comes in before it is written, twice for each client: twenty at once are to cost little. */
const writeBytes = 131_072
/** One for each first byte of a hash. */
const foldersCount = 256

export interface FileBlobsOptions {
  readonly folder: string
  readonly fault?: Fault | undefined
}

export interface WrittenBlob {
  readonly hash: Uint8Array
  readonly size: number
  /** Good while it's being flushed. */
  readonly path: string
}

export interface WriteOptions<Read> {
  readonly bytesMax: number
  readonly reading: (file: WrittenBlob) => Read | Promise<Read>
}

export class FileBlobs {
  readonly #folder: string
  readonly #fault: Fault | undefined
  /** Made, and their names on the disk. */
  #foldersMade: Promise<void> | undefined

  constructor({ folder, fault }: FileBlobsOptions) {
    this.#folder = folder
    this.#fault = fault
  }

  pathOf(hash: Uint8Array): string {
    const name = Buffer.from(hash).toString('hex')
    return join(this.#folder, name.slice(0, 2), name.slice(2))
  }

  /**
   * Takes the pieces as they come; nothing of it is kept if the source fails or is over the limit. `reading` has the file at a
   * passing place while it's being flushed.
   */
  async write<Read>(pieces: AsyncIterable<Uint8Array>, { bytesMax, reading }: WriteOptions<Read>): Promise<Read> {
    const temporary = join(this.#folder, 'incoming', randomUUID())
    const file = await openNew(temporary)
    try {
      const { hash, size } = await this.#copy(pieces, file, bytesMax)
      this.#fault?.('blob-flush')
      const [read] = await Promise.all([reading({ hash, size, path: temporary }), file.datasync(), this.#folders()])
      await Promise.all([file.close(), this.#settle(temporary, { path: this.pathOf(hash), size })])
      return read
    } catch (error) {
      await file.close().catch(() => {})
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
  }

  /** What is gathered is written while more comes in. */
  async #copy(
    pieces: AsyncIterable<Uint8Array>,
    file: FileHandle,
    bytesMax: number,
  ): Promise<{ hash: Uint8Array; size: number }> {
    const hash = createHash('sha256')
    let [room, other] = [new Uint8Array(writeBytes), new Uint8Array(writeBytes)]
    let [size, held] = [0, 0]
    let writing = Promise.resolve()
    const put = async (): Promise<void> => {
      await writing
      const bytes = room.subarray(0, held)
      this.#fault?.('blob-write')
      writing = file.writeFile(bytes)
      // Whoever awaits it hears of it, and not the process.
      writing.catch(() => {})
      hash.update(bytes)
      ;[room, other] = [other, room]
      held = 0
    }
    for await (const piece of pieces) {
      size += piece.length
      if (size > bytesMax) refuse('message-too-big', `A message has at most ${bytesMax} bytes.`)
      for (let at = 0; at < piece.length; ) {
        const part = piece.subarray(at, at + room.length - held)
        room.set(part, held)
        held += part.length
        at += part.length
        if (held === room.length) await put()
      }
    }
    if (held > 0) await put()
    await writing
    return { hash: hash.digest(), size }
  }

  /** The same bytes may be there already: then that file stays. Its name may be as new as this one, and is flushed too. */
  async #settle(temporary: string, { path, size }: { path: string; size: number }): Promise<void> {
    if (await isThere(path, size)) await rm(temporary)
    else {
      this.#fault?.('blob-rename')
      await this.#rename(temporary, path)
    }
    this.#fault?.('blob-flush')
    await flushFolder(dirname(path))
  }

  /** A folder that somebody has taken away is made again. */
  async #rename(temporary: string, path: string): Promise<void> {
    try {
      await rename(temporary, path)
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#foldersMade = undefined
      await this.#folders()
      await rename(temporary, path)
    }
  }

  /** All of them with the first file of the process, so that one flush serves them, and not each its own. What goes wrong is tried again. */
  #folders(): Promise<void> {
    this.#foldersMade ??= makeFolders(this.#folder).catch((error: unknown) => {
      this.#foldersMade = undefined
      throw error
    })
    return this.#foldersMade
  }

  content(hash: Uint8Array, size: number): Content {
    const path = this.pathOf(hash)
    const clip = ({ start, end }: ByteRange = { start: 0, end: size }): ByteRange => ({
      start: Math.min(size, Math.max(0, start)),
      end: Math.min(size, Math.max(0, end)),
    })
    return {
      size,
      bytes: (range) => readRange(path, clip(range)).catch((error: unknown) => missing(path, error)),
      stream: (range) => streamRange(path, clip(range)),
    }
  }

  /** Every file with its age, for the sweep and the integrity check. */
  async *files(): AsyncGenerator<{ path: string; hash: Uint8Array | undefined; bytes: number; modifiedMs: number }> {
    for (const folder of await readdir(this.#folder).catch(() => [])) {
      for (const name of await readdir(join(this.#folder, folder)).catch(() => [])) {
        const path = join(this.#folder, folder, name)
        const found = await stat(path).catch(() => undefined)
        if (found === undefined) continue
        const hash = folder === 'incoming' ? undefined : Buffer.from(folder + name, 'hex')
        // Somebody else's.
        if (hash !== undefined && this.pathOf(hash) !== path) continue
        yield { path, hash, bytes: found.size, modifiedMs: found.mtimeMs }
      }
    }
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true })
  }
}

async function makeFolders(folder: string): Promise<void> {
  const there = new Set(await readdir(folder))
  const names = Array.from({ length: foldersCount }, (_, first) => first.toString(16).padStart(2, '0'))
  const missing = names.filter((name) => !there.has(name))
  await Promise.all(missing.map((name) => mkdir(join(folder, name), { recursive: true, mode: 0o700 })))
  await Promise.all([folder, dirname(folder)].map(flushFolder))
}

async function readRange(path: string, { start, end }: ByteRange): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, end - start))
  const file = await open(path, 'r')
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at)
      if (bytesRead === 0) refuse('corrupt', `${path} is shorter than its message.`, 'Restore it from a backup.')
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function* streamRange(path: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  if (end <= start) return
  try {
    let left = end - start
    for await (const piece of createReadStream(path, { start, end: end - 1, highWaterMark: streamBytes })) {
      left -= (piece as Uint8Array).length
      yield piece as Uint8Array
    }
    if (left > 0) refuse('corrupt', `${path} is shorter than its message.`, 'Restore it from a backup.')
  } catch (error) {
    missing(path, error)
  }
}

/** A row names a file that isn't there: somebody took it. */
function missing(path: string, error: unknown): never {
  if (isMissing(error)) refuse('corrupt', `The file ${path} of a message is missing.`, 'Restore it from a backup.')
  throw asRefusal(error, path)
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (error) {
    if (!isMissing(error)) throw error
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return open(path, 'wx', 0o600)
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Made young before the look, so that no sweep takes it after. A file of another size is damaged and is replaced. */
async function isThere(path: string, size: number): Promise<boolean> {
  const now = new Date()
  try {
    await utimes(path, now, now)
    return (await stat(path)).size === size
  } catch {
    return false
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
