// From an address to its inbox (contract B6, C12, F1): the address itself, an alias, without its `+detail`, the same
// under the domain's own name, and last the domain that makes an inbox for any address.

import { parseAddress, tryParseAddress, withoutDetail } from '../directory/address.js'
import type { By } from '../directory/directory.js'
import { aliasesPerInboxMax } from '../directory/limits.js'
import type { Domain, Inbox, Resolution } from '../directory/records.js'
import type { AccountId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { domainAliased, domainNamed, getDomain } from './directory-domains.js'
import { freeAddress, getInbox, inboxAddressed } from './directory-inboxes.js'
import type { Transaction } from './transaction.js'

export function addAlias(
  tx: Transaction,
  id: AccountId,
  { address, maySend = true, by }: { address: string; maySend?: boolean } & By,
): Inbox {
  const inbox = getInbox(tx.db, id)
  const parsed = parseAddress(address)
  const domain = domainNamed(tx.db, parsed.domain) ?? domainAliased(tx.db, parsed.domain)
  if (domain?.environment !== inbox.environment)
    return refuse(
      'invalid',
      'The domain of an alias has to be in the environment of its inbox.',
      'Add the domain first.',
    )
  const clean = freeAddress(tx.db, parsed.address)
  if (inbox.aliases.length >= aliasesPerInboxMax)
    refuse('invalid', `An inbox has at most ${aliasesPerInboxMax} aliases.`)
  tx.db.run('INSERT INTO inbox_alias VALUES (?, ?, ?, ?, ?)', clean, id, domain.id, maySend ? 1 : 0, tx.now)
  const detail = { address: clean, maySend }
  auditIn(tx, inbox.environment, { by, action: 'inbox.alias-add', object: inbox.publicId, detail })
  return getInbox(tx.db, id)
}

export function removeAlias(tx: Transaction, id: AccountId, { address, by }: { address: string } & By): Inbox {
  const inbox = getInbox(tx.db, id)
  const clean = parseAddress(address).address
  if (tx.db.change('DELETE FROM inbox_alias WHERE address = ? AND inbox = ?', clean, id) === 0)
    refuse('not-found', 'The inbox does not have that alias.')
  const detail = { address: clean }
  auditIn(tx, inbox.environment, { by, action: 'inbox.alias-remove', object: inbox.publicId, detail })
  return getInbox(tx.db, id)
}

export function findAddress(db: Connection, text: string): Resolution | undefined {
  const parsed = tryParseAddress(text)
  if (parsed === undefined) return undefined
  const { local, domain } = parsed
  const direct = within(db, local, domain)
  if (direct !== undefined) return direct
  const own = domainNamed(db, domain)
  if (own !== undefined) return catchAll(db, own, local)
  const home = domainAliased(db, domain)
  if (home === undefined) return undefined
  const renamed = within(db, local, home.name)
  return renamed === undefined ? catchAll(db, home, local) : { ...renamed, via: 'domain-alias' }
}

type Found = Exclude<Resolution, { via: 'catch-all' }>

function within(db: Connection, local: string, domain: string): Found | undefined {
  const exact = inboxAddressed(db, `${local}@${domain}`)
  if (exact !== undefined) return found(db, 'address', exact)
  const alias = inboxAliased(db, `${local}@${domain}`)
  if (alias !== undefined) return found(db, 'alias', alias)
  const base = withoutDetail(local)
  if (base === undefined) return undefined
  const inbox = inboxAddressed(db, `${base}@${domain}`) ?? inboxAliased(db, `${base}@${domain}`)
  return inbox?.plusAddressing ? found(db, 'plus', inbox) : undefined
}

const found = (db: Connection, via: Found['via'], inbox: Inbox): Found => ({
  via,
  inbox,
  domain: getDomain(db, inbox.domain),
})

function inboxAliased(db: Connection, address: string): Inbox | undefined {
  const row = db.get<{ inbox: AccountId }>('SELECT inbox FROM inbox_alias WHERE address = ?', address)
  return row === undefined ? undefined : getInbox(db, row.inbox)
}

/** One inbox for all details of an address; but where the address has an inbox that wants no details, each is its own. */
function catchAll(db: Connection, domain: Domain, local: string): Resolution | undefined {
  if (!domain.catchAll || local.includes('*')) return undefined
  const base = withoutDetail(local) ?? local
  const name = within(db, base, domain.name) === undefined ? base : local
  return { via: 'catch-all', domain, address: `${name}@${domain.name}` }
}
