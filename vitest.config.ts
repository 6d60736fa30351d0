import { defineConfig } from 'vitest/config'
import { LongestFirst } from './config/longest-first.js'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'scripts/test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    // One more than CI has cores: many files wait for servers, clocks and processes more than they work.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
})
