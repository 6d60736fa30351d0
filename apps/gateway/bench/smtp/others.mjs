// What this bench takes from bench:imap, from the store's bench and from the scripts: their files, not the packages.

const at = (path) => import(new URL(`../../../../${path}`, import.meta.url).href)

export const { headBeside, print, shown, tally } = await at('apps/imap/bench/table.mjs')
export const { percentile, takeTurns } = await at('apps/imap/bench/turns.mjs')
export const { atRest, cpuSeconds, memoryBytes } = await at('apps/imap/bench/processes.mjs')
export const { freePort, makeCertificate, startDovecot, startPostern } = await at('apps/imap/bench/servers.mjs')
export const { appendOf, RawClient } = await at('apps/imap/bench/raw-client.mjs')
export const { makeCorpus } = await at('packages/mailbox-store/bench/corpus.mjs')
export const { startPostfix } = await at('scripts/postfix.mjs')
export const { findOrInstall } = await at('scripts/programs.mjs')
