// RFC 5032: messages by their age in seconds.

import type { Parser } from '@postern/imap-wire'
import type { SearchQuery } from '@postern/mailbox-store'
import type { Extension } from '../extension.js'
import { storeKey } from './store-key.js'

const nowSeconds = (): number => Math.floor(Date.now() / 1000)

const younger = (p: Parser): SearchQuery => ({ kind: 'internalDate', from: nowSeconds() - p.nzNumber() })
const older = (p: Parser): SearchQuery => ({ kind: 'internalDate', to: nowSeconds() - p.nzNumber() + 1 })

export const within: Extension = {
  capability: 'WITHIN',
  rfc: 'RFC 5032',
  what: 'SEARCH by age in seconds.',
  searchKeys: [storeKey('YOUNGER', younger), storeKey('OLDER', older)],
}
