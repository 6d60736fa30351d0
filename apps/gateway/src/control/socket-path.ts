// A path that a unix socket can have. The system takes some hundred bytes and no more, and a data folder may lie deeper: on Linux
// the folder is then opened, and the socket named through it.

import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** sun_path of unix(7) has 108 bytes with the one behind the end; of others it has 104. */
const pathBytesMax = 103

/** Throws where no short path leads there. What it gives holds until `done`. */
export async function shortPath(path: string): Promise<{ readonly path: string; done(): Promise<void> }> {
  if (Buffer.byteLength(path) <= pathBytesMax) return { path, done: async () => undefined }
  if (process.platform !== 'linux') throw new Error(`its path is longer than ${pathBytesMax} bytes`)
  const folder = await open(dirname(path), 'r')
  return { path: `/proc/self/fd/${folder.fd}/${basename(path)}`, done: () => folder.close() }
}
