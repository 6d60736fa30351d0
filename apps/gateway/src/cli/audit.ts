// `postern audit list`: who did what to which object, from where, and every login that was refused, with its true cause and
// the id that its log line has (contract B8, I5). The newest come first.

import { type Directory, StoreRefusal } from '@postern/mailbox-store'
import type { Command } from './command.js'
import { listing } from './listing.js'
import { Objects } from './objects.js'
import { one } from './options.js'
import { past } from './quantities.js'

const list = listing('audit list', {
  about: 'list what was done and which logins were refused, the newest first',
  options: {
    object: one('<object>', 'only about this one: an address, a domain, a user name that was tried, or an id'),
    since: one('<when>', 'only since then: a span such as 24h, or a date', past(Date.now)),
  },
  async page({ store: { directory } }, { object, since }) {
    const objects = new Objects(directory)
    const filter = {
      newestFirst: true,
      since,
      ...(object === undefined ? {} : { objects: await namesOf(directory, object) }),
    }
    return async (page) => {
      const { items, next } = await directory.listAudit({ ...filter, ...page })
      return { items: await Promise.all(items.map((entry) => objects.audit(entry))), next }
    }
  },
  columns: [
    ['TIME', ({ at }) => at],
    ['ACTOR', ({ actor }) => actor],
    ['ACTION', ({ action }) => action],
    ['OBJECT', ({ object }) => shortened(object)],
    ['FROM', ({ from }) => from ?? ''],
    ['CORRELATION', ({ correlation }) => correlation ?? ''],
    ['DETAIL', ({ detail }) => (detail === null ? '' : JSON.stringify(detail))],
  ],
})

const objectCharactersMax = 64

/** What a stranger typed as a user name makes no column wider than a screen; --json has it whole. */
function shortened(object: string): string {
  const characters = Array.from(object)
  return characters.length <= objectCharactersMax ? object : `${characters.slice(0, objectCharactersMax - 1).join('')}…`
}

/** The names that rows may have it under: its id, and for an inbox the user name that a refused login gave. */
async function namesOf(directory: Directory, word: string): Promise<string[]> {
  const found = word.includes('@') ? await directory.findAddress(word) : await directory.findDomain(word)
  const names = [word, word.toLowerCase()]
  if (found !== undefined && 'via' in found && found.via !== 'catch-all')
    names.push(found.inbox.publicId, found.inbox.address)
  if (found !== undefined && !('via' in found)) names.push(found.publicId)
  if (word.startsWith('inb_')) names.push(...(await addressOf(directory, word)))
  return [...new Set(names)]
}

/** None where the inbox is gone: its rows outlive it. */
async function addressOf(directory: Directory, id: string): Promise<string[]> {
  try {
    return [(await directory.getInbox(id)).address]
  } catch (error) {
    if (error instanceof StoreRefusal && error.code === 'not-found') return []
    throw error
  }
}

export const auditCommands: readonly Command[] = [list]
