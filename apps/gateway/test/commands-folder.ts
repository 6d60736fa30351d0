// A data folder for commands in the test's own process, without a gateway: the tenant `default` with the domain example.test.

import { join } from 'node:path'
import { openStore, type Store } from '@postern/mailbox-store'
import { commandLine as run } from './command-line.js'
import { newFolder } from './gateway-process.js'

export interface Folder {
  readonly env: Record<string, string>
  /** One command: its exit code, its object, or the error's. */
  ask(...words: string[]): Promise<{ code: number | string; said: Record<string, never>; error: Record<string, never> }>
  text(...words: string[]): Promise<string>
}

/** A data folder with the tenant `default`, the domain example.test, and what `fill` puts there. */
export async function folder(
  fill: (store: Store, domain: never) => Promise<unknown> = async () => undefined,
): Promise<Folder> {
  const dataDir = join(newFolder(), 'data')
  const store = await openStore({ folder: dataDir })
  const { environment } = await store.directory.ensureDefault({ tenant: 'default', environment: 'production' })
  const domain = await store.directory.createDomain({ environment: environment.id, name: 'example.test' })
  await fill(store, domain.id as never)
  await store.close()
  const env: Record<string, string> = { POSTERN_DATA_DIR: dataDir, POSTERN_HOSTNAME: 'mail.example.org' }
  return {
    env,
    async ask(...words) {
      const { code, stdout, stderr } = await run([...words, '--json'], { env })
      return {
        code,
        said: stdout === '' ? {} : JSON.parse(stdout),
        error: stderr === '' ? {} : JSON.parse(stderr).error,
      }
    },
    text: async (...words) => (await run(words, { env })).stdout,
  }
}
