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
    { capability: 'ID', rfc: 'RFC 2971', what: 'Client and server say what they are.', commands: [id] },
    {
      capability: 'ENABLE',
      rfc: 'RFC 5161',
      what: 'A client says what it understands; unknown names are passed over.',
      commands: [enable],
    },
    { capability: 'LITERAL+', rfc: 'RFC 7888', what: 'Literals come without waiting.' },
    { capability: 'IDLE', rfc: 'RFC 2177', what: 'News is told as it comes.', commands: [idle] },
    namespace,
    { capability: 'CHILDREN', rfc: 'RFC 3348', what: 'LIST says whether there are mailboxes below.' },
    { capability: 'UNSELECT', rfc: 'RFC 3691', what: 'Leaves a mailbox without expunging.', commands: [unselect] },
    { capability: 'UIDPLUS', rfc: 'RFC 4315', what: 'Says the uids of what was appended and copied; UID EXPUNGE.' },
    { capability: 'MOVE', rfc: 'RFC 6851', what: 'Messages move in one step.', commands: [move] },
    { capability: 'SPECIAL-USE', rfc: 'RFC 6154', what: 'LIST says what a mailbox is for.' },
    { capability: 'CREATE-SPECIAL-USE', rfc: 'RFC 6154', what: 'CREATE says what a mailbox is for.' },
    {
      capability: 'XLIST',
      rfc: 'RFC 6154',
      what: 'The same, as clients learned it before SPECIAL-USE.',
      commands: [xlist],
    },
    {
      capability: 'LIST-EXTENDED',
      rfc: 'RFC 5258',
      what: 'LIST with several patterns, by subscription, and with more about each mailbox.',
    },
    { capability: 'LIST-STATUS', rfc: 'RFC 5819', what: 'LIST with the STATUS of each mailbox.' },
    { capability: 'STATUS=SIZE', rfc: 'RFC 8438', what: 'STATUS adds up the sizes.' },
    { capability: `APPENDLIMIT=${messageBytesMax}`, rfc: 'RFC 7889', what: 'How large a message may be.' },
    { capability: 'MULTIAPPEND', rfc: 'RFC 3502', what: 'Several messages in one APPEND, all or none.' },
    { capability: 'BINARY', rfc: 'RFC 3516', what: 'Parts without their transfer encoding; messages with NULs.' },
    {
      capability: 'ESEARCH',
      rfc: 'RFC 4731',
      what: 'SEARCH says only the count, the first, the last, or all as ranges.',
    },
    { capability: 'SEARCHRES', rfc: 'RFC 5182', what: 'What a SEARCH found is `$` in the next command.' },
    {
      capability: ['SORT', 'SORT=DISPLAY', 'ESORT'],
      rfc: 'RFC 5256',
      what: 'What a search finds, in order, with the answers of ESEARCH too.',
      commands: [sort],
    },
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
