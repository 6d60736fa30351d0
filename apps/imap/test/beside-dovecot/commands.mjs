// What the walkers say: each a random command, with the odd forms that clients and testers send. Conditions by
// modseq are left to the dialogues: the servers count differently.

/** A generator of the same numbers for the same seed. */
export function randomFrom(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n) => Math.floor(next() * n)
  return { below, of: (list) => list[below(list.length)], chance: (p) => next() < p }
}

const names = [
  'a',
  'a/b',
  'a/b/c',
  'a/c',
  'b',
  '"sp ace"',
  '"sp ace/x"',
  'Sent',
  'Trash',
  'INBOX',
  'inbox',
  'INBOX/sub',
]
const oddNames = ['nowhere', '&-', '&2D3eAA-', '""', '"a*b"', '"100%"', '"quo\\"te"', 'Inbox/sub', 'SENT', 'b//c', '/b']
const patterns = [
  '*',
  '%',
  '%/%',
  'a*',
  'a/%',
  '*b',
  '""',
  'INBOX',
  'inbox',
  'INBOX*',
  '%b',
  'a/*',
  '*/*',
  'a/b',
  'nowhere',
  '"sp*"',
  'I%',
  'i%',
  '*%',
  '%*',
  '%%',
  'a%',
  '%/',
]
const references = ['""', '""', '""', 'a', 'a/', '"a/b"', 'INBOX', 'nowhere/']
const systemFlags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '\\deleted', '\\Deleted']
const keywords = ['work', '$Label1', '$Forwarded', 'WORK', 'NonJunk']
const statusItems = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN', 'HIGHESTMODSEQ', 'SIZE', 'RECENT']
const fetchItems = [
  ...[
    'FLAGS',
    'UID',
    'INTERNALDATE',
    'RFC822.SIZE',
    'ENVELOPE',
    'BODYSTRUCTURE',
    'BODY',
    'MODSEQ',
    'FAST',
    'ALL',
    'FULL',
  ],
  ...['BODY.PEEK[]', 'BODY[]', 'BODY[TEXT]', 'BODY.PEEK[HEADER]', 'BODY[HEADER.FIELDS (SUBJECT FROM)]', 'RFC822'],
  ...[
    'RFC822.HEADER',
    'RFC822.TEXT',
    'BODY.PEEK[1]',
    'BODY.PEEK[1.MIME]',
    'BODY.PEEK[2]',
    'BODY[]<0.20>',
    'BODY.PEEK[]<10.5>',
  ],
  ...['BINARY.PEEK[1]', 'BINARY.SIZE[1]', 'BODY.PEEK[HEADER.FIELDS.NOT (RECEIVED)]', 'BODY.PEEK[TEXT]<99999.10>'],
]
const searchKeys = [
  ...['ALL', 'SEEN', 'UNSEEN', 'DELETED', 'UNDELETED', 'FLAGGED', 'UNFLAGGED', 'ANSWERED', 'DRAFT', 'UNDRAFT'],
  ...[
    'KEYWORD work',
    'UNKEYWORD work',
    'KEYWORD nobody',
    'SUBJECT a',
    'FROM bob',
    'TO ada',
    'CC x',
    'BCC x',
    'BODY is',
    'TEXT the',
  ],
  ...[
    'HEADER Subject ""',
    'HEADER X-None ""',
    'HEADER Message-ID example',
    'LARGER 150',
    'SMALLER 150',
    'SINCE 1-Feb-2026',
  ],
  ...[
    'BEFORE 1-Feb-2026',
    'ON 7-Feb-1994',
    'SENTSINCE 1-Jan-2020',
    'SENTBEFORE 1-Jan-2020',
    'SENTON 2-Nov-2026',
    'NOT SEEN',
  ],
  ...[
    'OR SEEN FLAGGED',
    '(SEEN DELETED)',
    'NOT (OR SEEN DELETED)',
    'UID 1:3',
    'UID *',
    'UID 2:*',
    'UID 4294967295',
    '1:*',
    '*',
    '1',
    '2:3',
  ],
  ...['YOUNGER 3600', 'OLDER 3600', 'SUBJECT ""', 'TEXT ""', 'NOT NOT SEEN', 'CHARSET UTF-8 SUBJECT a'],
  ...['NEW', 'OLD', 'RECENT', 'NOT RECENT'],
]
const dates = ['"07-Feb-1994 21:52:25 -0800"', '" 1-Jan-2021 00:00:00 +0000"', '"31-Dec-2025 23:59:59 +1200"']

export function commandFor(random, about) {
  return random.of(random.chance(0.65) ? forMessages : forMailboxes)(random, about)
}

const name = (random) => (random.chance(0.1) ? random.of(oddNames) : random.of(names))

/** INBOX is tested in dialogues; a special use goes with the mailbox in one server and stays with the name in the other. */
function plainName(random) {
  for (;;) {
    const one = name(random)
    if (!/^(Sent|Trash|INBOX)$/i.test(one)) return one
  }
}

/** Mostly what is there. */
function set(random, { messages }) {
  const one = () => {
    const kind = random.below(10)
    if (kind === 0) return '*'
    if (kind === 1) return '1:*'
    if (kind === 2) return `${number()}:*`
    if (kind < 5) return `${number()}:${number()}`
    return `${number()}`
  }
  const number = () => 1 + random.below(Math.max(1, messages + (random.chance(0.05) ? 2 : 0)))
  return random.chance(0.2) ? `${one()},${one()}` : one()
}

const uidSet = (random, about) => (random.chance(0.3) ? '1:*' : set(random, { messages: about.messages + 6 }))

function flagList(random) {
  const flags = new Set()
  for (let n = random.below(4); n > 0; n--) flags.add(random.of(random.chance(0.7) ? systemFlags : keywords))
  return `(${[...flags].join(' ')})`
}

/** A name and the set that fits it. */
function numbered(random, about) {
  return random.chance(0.5) ? ['', set(random, about)] : ['UID ', uidSet(random, about)]
}

const append = (random, { mails }) => {
  const mail = () => {
    const text = random.of(mails)
    const flags = random.chance(0.5) ? `${flagList(random)} ` : ''
    const date = random.chance(0.5) ? `${random.of(dates)} ` : ''
    return `${flags}${date}{${text.length}+}\r\n${text}`
  }
  const more = random.chance(0.15) ? ` ${mail()}` : ''
  return `APPEND ${random.chance(0.7) ? 'INBOX' : name(random)} ${mail()}${more}`
}

const store = (random, about) => {
  const [uid, which] = numbered(random, about)
  const how = random.of(['FLAGS', '+FLAGS', '-FLAGS', '+FLAGS', '+flags']) + (random.chance(0.3) ? '.SILENT' : '')
  const flags = random.chance(0.15) ? random.of(systemFlags) : flagList(random)
  return `${uid}STORE ${which} ${how} ${flags}`
}

const fetch = (random, about) => {
  const [uid, which] = numbered(random, about)
  const items = new Set()
  for (let n = 1 + random.below(4); n > 0; n--) items.add(random.of(fetchItems))
  const list = [...items].filter((item, _, all) => all.length === 1 || !['FAST', 'ALL', 'FULL'].includes(item))
  if (list.length === 0) list.push('FLAGS')
  const isMacro = ['FAST', 'ALL', 'FULL'].includes(list[0])
  return `${uid}FETCH ${which} ${isMacro ? list[0] : `(${list.join(' ')})`}`
}

const search = (random, about) => {
  const keys = [random.of(searchKeys)]
  if (random.chance(0.3)) keys.push(random.of(searchKeys.filter((key) => !key.startsWith('CHARSET'))))
  if (random.chance(0.2)) keys.push(set(random, about))
  const returns = random.chance(0.2)
    ? `RETURN (${random.of(['', 'MIN', 'MAX COUNT', 'ALL', 'MIN MAX', 'COUNT', 'SAVE', 'SAVE COUNT'])}) `
    : ''
  return `${random.of(['', 'UID '])}SEARCH ${returns}${keys.join(' ')}`
}

const transfer = (random, about) => {
  const [uid, which] = numbered(random, about)
  return `${uid}${about.isExamined || random.chance(0.5) ? 'COPY' : 'MOVE'} ${which} ${name(random)}`
}

const dollar = (random) =>
  random.of(['FETCH $ (UID)', 'UID FETCH $ FLAGS', 'STORE $ +FLAGS (\\Flagged)', 'SEARCH $', 'UID SEARCH NOT $'])

const forMessages = [
  ...[
    append,
    append,
    store,
    store,
    store,
    store,
    fetch,
    fetch,
    fetch,
    fetch,
    search,
    search,
    transfer,
    transfer,
    dollar,
  ],
  ...[() => 'NOOP', () => 'NOOP', () => 'CHECK', () => 'EXPUNGE', () => 'EXPUNGE'],
  (random, about) => `UID EXPUNGE ${uidSet(random, about)}`,
  () => 'IDLE',
]

const statusOf = (random) => {
  const items = new Set()
  for (let n = 1 + random.below(4); n > 0; n--) items.add(random.of(statusItems))
  return `(${[...items].join(' ')})`
}

const list = (random) => {
  const select = random.of(['', '', '', '(SUBSCRIBED) ', '(SPECIAL-USE) ', '(SUBSCRIBED RECURSIVEMATCH) ', '() '])
  const some = random.chance(0.2) ? `(${random.of(patterns)} ${random.of(patterns)})` : random.of(patterns)
  const returns = random.of([
    '',
    '',
    '',
    ' RETURN (CHILDREN)',
    ' RETURN (SUBSCRIBED)',
    ' RETURN (STATUS (MESSAGES))',
    ' RETURN (SPECIAL-USE)',
  ])
  return `LIST ${select}${random.of(references)} ${some}${returns}`
}

const forMailboxes = [
  (random) => `${random.of(['SELECT', 'SELECT', 'SELECT', 'EXAMINE'])} ${random.chance(0.6) ? 'INBOX' : name(random)}`,
  (random) =>
    `${random.of(['SELECT', 'EXAMINE'])} ${random.chance(0.6) ? 'INBOX' : name(random)}${random.of(['', ' (CONDSTORE)'])}`,
  (random) => `CREATE ${name(random)}`,
  (random) => `CREATE ${name(random)}`,
  (random) => `DELETE ${plainName(random)}`,
  (random) => `RENAME ${plainName(random)} ${name(random)}`,
  (random) => `${random.of(['SUBSCRIBE', 'UNSUBSCRIBE'])} ${name(random)}`,
  ...[list, list],
  (random) => `LSUB ${random.of(references)} ${random.of(patterns)}`,
  (random) => `STATUS ${name(random)} ${statusOf(random)}`,
  (random) => `STATUS INBOX ${statusOf(random)}`,
  (random) => random.of(['CLOSE', 'UNSELECT']),
]
