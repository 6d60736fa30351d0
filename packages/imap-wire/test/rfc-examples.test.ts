// The commands of the RFCs' examples, as they stand there: each is read to its end by the rules of its command.
import { describe, expect, test } from 'vitest'
import {
  appendMessage,
  appendMessageEnd,
  baseFetchRules,
  baseListReturns,
  baseListSelects,
  baseSearchReturns,
  baseSearchRules,
  baseSortKeys,
  baseStatusAtts,
  condstoreFetchModifiers,
  condstoreSelectParams,
  condstoreStoreModifiers,
  createParams,
  enableCapabilities,
  fetchAtts,
  fetchModifiers,
  idParamsList,
  listReturnOpts,
  listSelectOpts,
  mboxOrPat,
  Parser,
  type Rule,
  type SearchKey,
  searchCriteria,
  searchModsequence,
  searchProgram,
  searchReturnOpts,
  selectParams,
  sortCriteria,
  statusAtts,
  storeAttFlags,
  storeModifiers,
  useCreateParam,
} from '../src/index.js'
import { command } from './wire-bytes.js'

type Item = { readonly kind: string }
type Extra = { readonly kind: 'extension'; readonly of: unknown }

// What extensions bring, as their files will.
const fetchRules = new Map<string, Rule<Item>>([
  ...baseFetchRules,
  ...['MODSEQ', 'EMAILID', 'THREADID', 'SAVEDATE'].map((name) => [name, () => ({ kind: name })] as const),
  [
    'PREVIEW',
    (p) => {
      if (p.isAt(' (')) {
        p.sp()
        p.list(() => p.word('LAZY'))
      }
      return { kind: 'PREVIEW' }
    },
  ],
])
const after =
  <T>(rule: Rule<T>): Rule<T> =>
  (p) => {
    p.sp()
    return rule(p)
  }
const extension =
  (rule: Rule<unknown>) =>
  (p: Parser): SearchKey<Extra> => ({ kind: 'extension', of: rule(p) })
const searchRules = baseSearchRules<Extra>()
  .set('MODSEQ', extension(searchModsequence))
  .set('EMAILID', extension(after((p) => p.atom())))
  .set('THREADID', extension(after((p) => p.atom())))
  .set('YOUNGER', extension(after((p) => p.nzNumber())))
  .set('SAVEDON', extension(after((p) => p.date())))
const statusItems = new Map<string, string>([
  ...baseStatusAtts,
  ['MAILBOXID', 'mailboxId'],
  ['HIGHESTMODSEQ', 'modSeq'],
])
const listReturns = {
  ...baseListReturns,
  'SPECIAL-USE': true,
  STATUS: after((p) => statusAtts(p, statusItems)),
} as const

const nothing: Rule<unknown> = () => undefined
const mailbox = after((p) => p.mailbox())
const setAndMailbox = after((p) => [p.sequenceSet(), mailbox(p)])
const select = after((p) => [p.mailbox(), selectParams(p, condstoreSelectParams)])

const commands: Readonly<Record<string, Rule<unknown>>> = {
  CAPABILITY: nothing,
  NOOP: nothing,
  LOGOUT: nothing,
  STARTTLS: nothing,
  CLOSE: nothing,
  UNSELECT: nothing,
  EXPUNGE: (p) => (p.trySp() ? p.sequenceSet() : undefined),
  IDLE: nothing,
  NAMESPACE: nothing,
  LOGIN: after((p) => [p.credential(), after((q) => q.credential())(p)]),
  AUTHENTICATE: after((p) => [p.name(), p.trySp() ? p.initialResponse() : undefined]),
  ENABLE: enableCapabilities,
  ID: after(idParamsList),
  SELECT: select,
  EXAMINE: select,
  CREATE: after((p) => [p.mailbox(), createParams(p, useCreateParam)]),
  DELETE: mailbox,
  SUBSCRIBE: mailbox,
  UNSUBSCRIBE: mailbox,
  RENAME: after((p) => [p.mailbox(), mailbox(p)]),
  STATUS: after((p) => [p.mailbox(), after((q) => statusAtts(q, statusItems))(p)]),
  LIST: after((p) => {
    const selects = listSelectOpts(p, { ...baseListSelects, 'SPECIAL-USE': true })
    const reference = p.mailbox()
    p.sp()
    return [selects, reference, mboxOrPat(p), listReturnOpts(p, listReturns)]
  }),
  APPEND: after((p) => {
    const name = p.mailbox()
    do appendMessageEnd(p, appendMessage(p))
    while (!p.isAtEnd())
    return name
  }),
  REPLACE: after((p) => {
    p.seqNumber()
    mailbox(p)
    appendMessageEnd(p, appendMessage(p))
  }),
  COPY: setAndMailbox,
  MOVE: setAndMailbox,
  FETCH: after((p) => {
    p.sequenceSet()
    p.sp()
    return [fetchAtts(p, fetchRules), fetchModifiers(p, condstoreFetchModifiers)]
  }),
  STORE: after((p) => {
    p.sequenceSet()
    p.sp()
    return [storeModifiers(p, condstoreStoreModifiers), storeAttFlags(p)]
  }),
  SEARCH: after((p) => [searchReturnOpts(p, baseSearchReturns), searchProgram(p, searchRules)]),
  SORT: after((p) => [sortCriteria(p, baseSortKeys), after((q) => searchCriteria(q, searchRules))(p)]),
  THREAD: after((p) => [p.name(), after((q) => searchCriteria(q, searchRules))(p)]),
  UID: after((p) => commands[p.name()]!(p)),
}

const examples: Readonly<Record<string, readonly string[]>> = {
  'RFC 9051': [
    'a047 NOOP',
    'a441 CAPABILITY',
    'A023 LOGOUT',
    'a002 STARTTLS',
    'a004 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=',
    'A01 AUTHENTICATE EXTERNAL =',
    'A01 AUTHENTICATE PLAIN',
    'a001 LOGIN SMITH SESAME',
    'A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man',
    't2 ENABLE CONDSTORE X-GOOD-IDEA',
    'A142 SELECT INBOX',
    'A932 EXAMINE blurdybloop',
    'A003 CREATE owatagusiam/',
    'A004 CREATE owatagusiam/blurdybloop',
    'A002 CREATE "INBOX.Sent Mail"',
    'A683 DELETE blurdybloop',
    'A685 DELETE foo/bar',
    'A684 RENAME foo zowie',
    'Z433 RENAME INBOX old-mail',
    'A002 SUBSCRIBE #news.comp.mail.mime',
    'A002 UNSUBSCRIBE #news.comp.mail.mime',
    'A101 LIST "" ""',
    'A102 LIST #news.comp.mail.misc ""',
    'A103 LIST /usr/staff/jones ""',
    'A202 LIST ~/Mail/ %',
    'A682 LIST "" *',
    'A01 LIST "" "*"',
    'A02 LIST (SUBSCRIBED) "" "*"',
    'A03 LIST () "" "%" RETURN (CHILDREN)',
    'A04 LIST (REMOTE) "" "%" RETURN (CHILDREN)',
    'A06 LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)',
    'BBB LIST "" ("INBOX" "Drafts" "Sent/%")',
    'D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"',
    'A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))',
    'A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))',
    'A001 NAMESPACE',
    'A042 STATUS blurdybloop (UIDNEXT MESSAGES)',
    'A003 APPEND saved-messages (\\Seen) {4+}\r\nDate',
    'A002 IDLE',
    'A341 CLOSE',
    'A202 EXPUNGE',
    'A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
    'A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"',
    'A284 SEARCH TEXT "string not in mailbox"',
    'A285 SEARCH CHARSET UTF-8 TEXT {12}\r\n\u043f\u0440\u0438\u0432\u0435\u0442',
    'A301 UID SEARCH $ SMALLER 4096',
    'A301 UID SEARCH UID $ SMALLER 4096',
    'P283 SEARCH CHARSET UTF-8 (OR $ 1,3000:3021) TEXT {8+}\r\n\u0430\u0431\u0432\u0433',
    'h search from maria@example.com',
    'A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])',
    'A283 FETCH $ (UID INTERNALDATE FLAGS BODY.PEEK[HEADER])',
    'A003 FETCH 4 ALL',
    'A999 UID FETCH 4827313:4828442 FLAGS',
    'A003 STORE 2:4 +FLAGS (\\Deleted)',
    'F284 STORE $ +FLAGS.Silent (\\Deleted)',
    'm STORE 42 FLAGS f1 f2 f3 f4 f5 f250',
    'A003 COPY 2:4 MEETING',
    'E283 COPY $ "Other Messages"',
    'a UID MOVE 42:69 foo',
    'A003 UID EXPUNGE 3000:3002',
    'n1 uid copy 1:* oldmail',
    'k2 status "/archive/projects/experiment-iv" (messages)',
  ],
  'RFC 2971': ['a023 ID ("name" "sodr" "version" "19.34" "vendor" "Pink Floyd Music Limited")', 'a042 ID NIL'],
  'RFC 3502': [
    'A003 APPEND saved-messages (\\Seen) {2}\r\nhi () " 7-Feb-1994 22:43:04 -0800" {2}\r\nho',
    'A003 APPEND saved-messages (\\Seen) {2+}\r\nhi',
  ],
  'RFC 3516': ['a001 FETCH 1 BINARY[1]', 'A001 FETCH 1 (BINARY.PEEK[1.2]<0.100> BINARY.SIZE[2])'],
  'RFC 5032': ['a1 SEARCH UNSEEN YOUNGER 259200'],
  'RFC 5256': [
    'A282 SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994',
    'A283 SORT (SUBJECT REVERSE DATE) UTF-8 ALL',
    'A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"',
    'A283 THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000',
    'A284 THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"',
    'A285 UID THREAD REFERENCES UTF-8 SINCE 5-MAR-2000',
  ],
  'RFC 6154': ['t2 CREATE MySpecial (USE (\\Drafts \\Sent))', 't1 LIST "" "%" RETURN (SPECIAL-USE)'],
  'RFC 7162': [
    'A142 SELECT INBOX (CONDSTORE)',
    's100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)',
    's100 UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)',
    'a103 UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)',
    'd105 STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)',
    'b107 STORE 12 (UNCHANGEDSINCE 0) -FLAGS ($Processed)',
    'a SEARCH MODSEQ "/flags/\\\\draft" all 620162338',
    't SEARCH OR NOT MODSEQ 720162338 LARGER 50000',
    'a FETCH 1 (MODSEQ)',
    'A02 SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))',
    'A03 SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541))',
    'A042 STATUS blurdybloop (UIDNEXT MESSAGES HIGHESTMODSEQ)',
  ],
  'RFC 8474': ['26 fetch 1:* (emailid threadid)', '27 search emailid M6d99ac3275bb4e', '10 status bar (mailboxid)'],
  'RFC 8508': [
    'A003 REPLACE 4 Drafts (\\Seen \\Draft) {2}\r\nhi',
    'A004 UID REPLACE 2000 Drafts (\\Seen \\Draft) {2+}\r\nhi',
  ],
  'RFC 8514': ['A101 FETCH 998 (SAVEDATE)', 'A102 SEARCH SAVEDON 28-Dec-2014'],
  'RFC 8970': [
    'B1 FETCH 1:4 (ENVELOPE PREVIEW (LAZY))',
    'A2 FETCH 1 (RFC822.SIZE PREVIEW)',
    'C3 FETCH $ (UID PREVIEW (LAZY))',
  ],
}

describe.each(Object.entries(examples))('%s', (_rfc, lines) => {
  test.each(lines)('%s', (line) => {
    const p = new Parser(command(line))
    expect(p.tag()).toBe(line.slice(0, line.indexOf(' ')))
    p.sp()
    commands[p.name()]!(p)
    p.end()
  })
})
