// The order in which vitest takes the test files: those that take longest first, so that no core is left alone with one of them at the
// end. It goes by size otherwise, and these are short files that run long tables or wait for real servers.

import { BaseSequencer, type TestSpecification } from 'vitest/node'

const longest = [
  'packages/mailbox-store/test/sqlite.test.ts',
  'apps/imap/test/dialogues.test.ts',
  'apps/gateway/test/redis.test.ts',
  'packages/events/test/redis-trouble.test.ts',
  'packages/mailbox-store/test/directory.test.ts',
  'apps/submission/test/dialogues.test.ts',
  'packages/auth/test/timing.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(name))
      return at < 0 ? longest.length : at
    }
    const bySize = await super.sort(files)
    return bySize.toSorted((a, b) => place(a) - place(b))
  }
}
