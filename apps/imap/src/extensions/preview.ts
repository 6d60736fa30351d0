// RFC 8970: the beginning of a message's text. It's at hand for every message, so that LAZY changes nothing.

import type { Parser } from '@postern/imap-wire'
import type { Extension, FetchItem } from '../extension.js'

const item: FetchItem = {
  name: 'PREVIEW',
  needs: { preview: true },
  parse(p: Parser) {
    if (!p.isAt(' (')) return
    p.sp()
    p.list(() => p.word('LAZY'))
  },
  write: ({ row }, w) => void w.raw('PREVIEW ').string(row?.preview ?? ''),
}

export const preview: Extension = {
  capability: 'PREVIEW',
  rfc: 'RFC 8970',
  what: 'FETCH gives the first words of a message.',
  fetchItems: [item],
}
