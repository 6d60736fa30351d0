// A file of a message for the parser, which reads it a piece at a time: what is in memory is one piece.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteSource } from '@postern/message'
import { refuse } from '../refusals.js'

/** As much as the parser and the preview ask for at a time; for more, as a long header, room is made. */
const roomBytes = 262_144
let shared: Uint8Array | undefined

export class FileSource implements ByteSource {
  readonly length: number
  readonly #path: string
  readonly #file: number
  #room: Uint8Array

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'r')
    this.length = fstatSync(this.#file).size
    this.#room = shared ?? new Uint8Array(roomBytes)
    shared = undefined
  }

  /** Good until the next call. */
  subarray(start: number, end: number): Uint8Array {
    const length = end - start
    if (length > this.#room.length) this.#room = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const read = readSync(this.#file, this.#room, at, length - at, start + at)
      if (read === 0) refuse('corrupt', `${this.#path} is shorter than its message.`, 'Restore it from a backup.')
      at += read
    }
    return this.#room.subarray(0, length)
  }

  close(): void {
    closeSync(this.#file)
    if (this.#room.length === roomBytes) shared = this.#room
  }
}
