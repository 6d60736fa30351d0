// A domain's DKIM keys (contract E4, RFC 6376): by selector, of which a domain has several, so that a new one can be published
// before it signs, and an old one stays in DNS while mail that it signed is under way. The private key comes sealed.

import type { By, NewDkimKey } from '../directory/directory.js'
import { dkimKeysPerDomainMax, dkimPublicKeyCharactersMax, selectorCharactersMax } from '../directory/limits.js'
import { type DkimKey, dkimAlgorithms } from '../directory/records.js'
import { cleanSealed } from '../directory/sealed-text.js'
import type { DomainId } from '../model.js'
import { refuse } from '../refusals.js'
import { auditIn } from './audit.js'
import type { Connection } from './connection.js'
import { getDomain } from './directory-domains.js'
import type { Transaction } from './transaction.js'

const columns = `id, domain, selector, algorithm, private_key AS privateKey, public_key AS publicKey,
  created_at AS createdAt, retired_at AS retiredAt`

type DkimKeyRow = Omit<DkimKey, 'retiredAt'> & { readonly retiredAt: number | null }

const keyOf = (row: DkimKeyRow): DkimKey => ({ ...row, retiredAt: row.retiredAt ?? undefined })

export function addDkimKey(tx: Transaction, id: DomainId, options: NewDkimKey & By): DkimKey {
  const { algorithm, privateKey, publicKey, by } = options
  const domain = getDomain(tx.db, id)
  const selector = cleanSelector(options.selector)
  if (!dkimAlgorithms.includes(algorithm))
    refuse('invalid', `A DKIM key's algorithm is one of ${dkimAlgorithms.join(', ')}.`)
  if (publicKey.length > dkimPublicKeyCharactersMax || !/^[A-Za-z0-9+/]+={0,2}$/.test(publicKey))
    refuse('invalid', `A DKIM public key is base64 of at most ${dkimPublicKeyCharactersMax} characters.`)
  const keys = listDkimKeys(tx.db, id)
  if (keys.some((key) => key.selector === selector))
    refuse(
      'exists',
      'The domain has a DKIM key of that selector already.',
      'Take another selector, or remove that key.',
    )
  if (keys.length >= dkimKeysPerDomainMax)
    refuse('invalid', `A domain has at most ${dkimKeysPerDomainMax} DKIM keys.`, 'Remove those that are retired.')
  tx.db.run(
    'INSERT INTO dkim_key (domain, selector, algorithm, private_key, public_key, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    id,
    selector,
    algorithm,
    cleanSealed(privateKey, 'A DKIM private key'),
    publicKey,
    tx.now,
  )
  const detail = { selector, algorithm }
  auditIn(tx, domain.environment, { by, action: 'domain.dkim-add', object: domain.publicId, detail })
  return keyNamed(tx.db, id, selector)
}

export function retireDkimKey(tx: Transaction, id: DomainId, options: { selector: string } & By): DkimKey {
  const domain = getDomain(tx.db, id)
  const key = keyNamed(tx.db, id, cleanSelector(options.selector))
  if (key.retiredAt !== undefined) return key
  tx.db.run('UPDATE dkim_key SET retired_at = ? WHERE id = ?', tx.now, key.id)
  const entry = { by: options.by, object: domain.publicId, detail: { selector: key.selector } }
  auditIn(tx, domain.environment, { ...entry, action: 'domain.dkim-retire' })
  return keyNamed(tx.db, id, key.selector)
}

export function removeDkimKey(tx: Transaction, id: DomainId, options: { selector: string } & By): void {
  const domain = getDomain(tx.db, id)
  const key = keyNamed(tx.db, id, cleanSelector(options.selector))
  tx.db.run('DELETE FROM dkim_key WHERE id = ?', key.id)
  const entry = { by: options.by, object: domain.publicId, detail: { selector: key.selector } }
  auditIn(tx, domain.environment, { ...entry, action: 'domain.dkim-remove' })
}

export const listDkimKeys = (db: Connection, domain: DomainId): DkimKey[] =>
  db.all<DkimKeyRow>(`SELECT ${columns} FROM dkim_key WHERE domain = ? ORDER BY id`, domain).map(keyOf)

function keyNamed(db: Connection, domain: DomainId, selector: string): DkimKey {
  const row = db.get<DkimKeyRow>(`SELECT ${columns} FROM dkim_key WHERE domain = ? AND selector = ?`, domain, selector)
  return row === undefined ? refuse('not-found', 'The domain has no DKIM key of that selector.') : keyOf(row)
}

/** sub-domain *( "." sub-domain ), RFC 6376 §3.1 */
const selectorForm = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/

function cleanSelector(text: string): string {
  const selector = text.toLowerCase()
  if (selector.length > selectorCharactersMax || !selectorForm.test(selector))
    refuse('invalid', `A selector has 1 to ${selectorCharactersMax} letters, digits and hyphens, in labels with dots.`)
  return selector
}
