// A message while it's judged: read off the client once, then as often as somebody wants to look at it. A small one stays in memory, a
// large one goes to a file that has no name, so that nothing is left of it whatever happens. Where it may not be read off the disk
// either, the file is encrypted with a key that is in memory alone; where it may not touch the disk it stays in memory, of which there
// is so much for all messages together.

import { type Cipher, createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SmtpError } from '../reply.js'
import type { MailText } from './mail-text.js'

/** How a text may touch the disk on its way: as it is, under a key that is in memory alone, or not at all. */
export type DiskUse = 'plain' | 'sealed' | 'never'

export interface HoldOptions {
  /** Where files are made. */
  readonly folder: string
  /** What stays in memory of a message that may touch the disk. */
  readonly memoryBytesMax: number
  readonly disk: DiskUse
  readonly budget: MemoryBudget
}

export interface HeldText extends MailText {
  readonly sizeBytes: number
  /** Lets go of file and memory. */
  drop(): Promise<void>
}

/** What may not touch the disk has so many bytes of memory, for all messages together. */
export class MemoryBudget {
  #left: number

  constructor(bytesMax: number) {
    this.#left = bytesMax
  }

  take(bytes: number): void {
    if (bytes > this.#left)
      throw new SmtpError('452 4.3.1 The server has no room for this message now, try again later')
    this.#left -= bytes
  }

  giveBack(bytes: number): void {
    this.#left += bytes
  }
}

/** @param next the next piece behind the header, or undefined at the end */
export async function holdText(
  { header, next }: { readonly header: Buffer; readonly next: () => Promise<Buffer | undefined> },
  options: HoldOptions,
): Promise<HeldText> {
  const held = new Held(header, options)
  try {
    for (let piece = await next(); piece !== undefined; piece = await next()) await held.add(piece)
  } catch (error) {
    await held.drop()
    throw error
  }
  return held
}

const readBytes = 65_536
const counterStart = Buffer.alloc(16)

class Held implements HeldText {
  readonly header: Buffer
  sizeBytes: number
  readonly #options: HoldOptions
  #pieces: Buffer[] = []
  #inMemory = 0
  #taken = 0
  #file: FileHandle | undefined
  #fileBytes = 0
  #key: Buffer | undefined
  #cipher: Cipher | undefined

  constructor(header: Buffer, options: HoldOptions) {
    this.header = header
    this.sizeBytes = header.length
    this.#options = options
  }

  async add(piece: Buffer): Promise<void> {
    const { disk, memoryBytesMax, budget } = this.#options
    this.sizeBytes += piece.length
    if (disk === 'never') {
      budget.take(piece.length)
      this.#taken += piece.length
    }
    this.#pieces.push(piece)
    this.#inMemory += piece.length
    if (disk !== 'never' && this.#inMemory > memoryBytesMax) await this.#spill()
  }

  async #spill(): Promise<void> {
    this.#file ??= await namelessFile(this.#options.folder)
    const pieces = Buffer.concat(this.#pieces)
    const bytes = this.#options.disk === 'sealed' ? this.#seal(pieces) : pieces
    let at = 0
    while (at < bytes.length)
      at += (await this.#file.write(bytes, at, bytes.length - at, this.#fileBytes + at)).bytesWritten
    this.#fileBytes += bytes.length
    this.#pieces = []
    this.#inMemory = 0
  }

  /** One key for one file, each of whose bytes is written once: the counter may begin at nothing. */
  #seal(pieces: Buffer): Buffer {
    this.#key ??= randomBytes(32)
    this.#cipher ??= createCipheriv('aes-256-ctr', this.#key, counterStart)
    return this.#cipher.update(pieces)
  }

  get inMemory(): readonly Buffer[] | undefined {
    const isSmall = this.#file === undefined && this.#inMemory <= this.#options.memoryBytesMax
    return isSmall ? [this.header, ...this.#pieces] : undefined
  }

  async *read(): AsyncGenerator<Buffer> {
    yield this.header
    const opener = this.#key && createDecipheriv('aes-256-ctr', this.#key, counterStart)
    for (let at = 0; at < this.#fileBytes; ) {
      const piece = Buffer.allocUnsafe(Math.min(readBytes, this.#fileBytes - at))
      const { bytesRead } = await (this.#file as FileHandle).read(piece, 0, piece.length, at)
      if (bytesRead === 0) throw new Error('the file of a message on its way in has become shorter')
      const bytes = piece.subarray(0, bytesRead)
      yield opener?.update(bytes) ?? bytes
      at += bytesRead
    }
    yield* this.#pieces
  }

  async drop(): Promise<void> {
    this.#options.budget.giveBack(this.#taken)
    this.#taken = 0
    this.#pieces = []
    await this.#file?.close()
    this.#file = undefined
  }
}

async function namelessFile(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await rm(path, { force: true })
  return file
}

/** Names that a process had no time to take away before it was killed. One that is just being made is open already, and needs none. */
export async function removeLeftOvers(folder: string): Promise<void> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of found) if (entry.isFile()) await rm(join(folder, entry.name), { force: true })
}
