// Notices what changes in the directory, whoever changes it: this process, another one, or the command line on the same data
// folder. The directory's version is one cheap read; when it has moved, the audit log says which records it was.

import type { AuditEntry, Directory } from '@postern/mailbox-store'

export interface DirectoryWatchOptions {
  readonly directory: () => Directory
  /** The public id of a record that was made, changed or removed. */
  readonly onChanged: (publicId: string) => void
  readonly onError: (error: unknown) => void
}

export class DirectoryWatch {
  readonly #options: DirectoryWatchOptions
  #version = 0
  #lastRow = 0
  #looking: Promise<void> | undefined

  constructor(options: DirectoryWatchOptions) {
    this.#options = options
  }

  /** What happens from now on is noticed. */
  async start(): Promise<void> {
    const directory = this.#options.directory()
    this.#version = await directory.version()
    this.#lastRow = (await directory.listAudit({ newestFirst: true, limit: 1 })).items[0]?.id ?? 0
  }

  /** Never rejects; a look that is under way is the one that was asked for. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch(this.#options.onError)
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  async stop(): Promise<void> {
    await this.#looking
  }

  async #look(): Promise<void> {
    const directory = this.#options.directory()
    const version = await directory.version()
    if (version === this.#version) return
    const changed = new Set<string>()
    for (;;) {
      const { items, next } = await directory.listAudit({ afterId: this.#lastRow })
      for (const entry of items) if (isChange(entry)) changed.add(entry.object)
      this.#lastRow = items.at(-1)?.id ?? this.#lastRow
      if (next === undefined) break
    }
    this.#version = version
    for (const publicId of changed) this.#options.onChanged(publicId)
  }
}

const isChange = ({ action }: AuditEntry): boolean => /^(?:credential|inbox|domain)\./.test(action)
