// All that the server can do, in the order in which CAPABILITY names it. A new extension is a file and a line here.

import { id } from '../commands/any-state.js'
import { move } from '../commands/copy.js'
import { enable } from '../commands/enable.js'
import { idle } from '../commands/idle.js'
import { xlist } from '../commands/list.js'
import { sort } from '../commands/search.js'
import { unselect } from '../commands/select.js'
import type { Extension } from '../extension.js'
import { base, rev2, saslMechanisms, startTlsOffer } from './base.js'
import { condstore } from './condstore.js'
import { myRights } from './my-rights.js'
import { namespace } from './namespace.js'
import { objectId } from './object-id.js'
import { preview } from './preview.js'
import { qresync } from './qresync.js'
import { quota } from './quota.js'
import { replace } from './replace.js'
import { saveDate } from './save-date.js'
import { thread } from './thread.js'
import { utf8Accept } from './utf8-accept.js'
import { within } from './within.js'

export interface Offered {
  readonly messageBytesMax: number
  readonly mechanisms: readonly { readonly name: string }[]
}

export function extensions({ messageBytesMax, mechanisms }: Offered): Extension[] {
  return [
    base,
    rev2,
    startTlsOffer,
    saslMechanisms(mechanisms),
    { capability: 'ID', rfc: 'RFC 2971', commands: [id] },
    { capability: 'ENABLE', rfc: 'RFC 5161', commands: [enable] },
    { capability: 'LITERAL+', rfc: 'RFC 7888' },
    { capability: 'IDLE', rfc: 'RFC 2177', commands: [idle] },
    namespace,
    { capability: 'CHILDREN', rfc: 'RFC 3348' },
    { capability: 'UNSELECT', rfc: 'RFC 3691', commands: [unselect] },
    { capability: 'UIDPLUS', rfc: 'RFC 4315' },
    { capability: 'MOVE', rfc: 'RFC 6851', commands: [move] },
    { capability: 'SPECIAL-USE', rfc: 'RFC 6154' },
    { capability: 'CREATE-SPECIAL-USE', rfc: 'RFC 6154' },
    { capability: 'XLIST', rfc: 'RFC 6154', commands: [xlist] },
    { capability: 'LIST-EXTENDED', rfc: 'RFC 5258' },
    { capability: 'LIST-STATUS', rfc: 'RFC 5819' },
    { capability: 'STATUS=SIZE', rfc: 'RFC 8438' },
    { capability: `APPENDLIMIT=${messageBytesMax}`, rfc: 'RFC 7889' },
    { capability: 'MULTIAPPEND', rfc: 'RFC 3502' },
    { capability: 'BINARY', rfc: 'RFC 3516' },
    { capability: 'ESEARCH', rfc: 'RFC 4731' },
    { capability: 'SEARCHRES', rfc: 'RFC 5182' },
    { capability: ['SORT', 'SORT=DISPLAY', 'ESORT'], rfc: 'RFC 5256', commands: [sort] },
    thread,
    condstore,
    qresync,
    within,
    objectId,
    saveDate,
    preview,
    quota,
    myRights,
    replace,
    utf8Accept,
  ]
}
