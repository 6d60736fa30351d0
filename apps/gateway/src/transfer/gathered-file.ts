// A file that is written from its beginning to its end: under another name, in large pieces, and renamed when it's whole.

import { type FileHandle, open, rename, rm } from 'node:fs/promises'

const gatherBytes = 1_048_576

export class GatheredFile {
  readonly #path: string
  readonly #temporary: string
  readonly #file: FileHandle
  #held: Uint8Array[] = []
  #bytes = 0

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#file = file
  }

  /** `temporary` is on the same file system. */
  static async create(path: string, temporary = `${path}.partial`): Promise<GatheredFile> {
    return new GatheredFile(path, temporary, await open(temporary, 'wx', 0o600))
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    const piece = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    if (piece.length === 0) return
    this.#held.push(piece)
    this.#bytes += piece.length
    if (this.#bytes >= gatherBytes) await this.#put()
  }

  /** `modified` in Unix seconds. */
  async end({
    isFlushed = true,
    modified,
  }: {
    readonly isFlushed?: boolean
    readonly modified?: number
  } = {}): Promise<void> {
    await this.#put()
    if (modified !== undefined) await this.#file.utimes(modified, modified)
    if (isFlushed) await this.#file.sync()
    await this.#file.close()
    await rename(this.#temporary, this.#path)
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined)
    await rm(this.#temporary, { force: true })
  }

  async #put(): Promise<void> {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    this.#held = []
    this.#bytes = 0
    if (bytes !== undefined && bytes.length > 0) await this.#file.writeFile(bytes)
  }
}
