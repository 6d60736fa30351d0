// Every rule of the package that reads, by name: what the tests of hostile input run over whatever they make.
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
  type Parser,
  partial,
  type Rule,
  searchCriteria,
  searchModsequence,
  searchProgram,
  searchReturnOpts,
  section,
  sectionBinary,
  selectParams,
  sortCriteria,
  statusAtts,
  storeAttFlags,
  storeModifiers,
  useCreateParam,
} from '../src/index.js'

const searchRules = baseSearchRules()

export const everyRule: Readonly<Record<string, Rule<unknown>>> = {
  tag: (p) => p.tag(),
  atom: (p) => p.atom(),
  name: (p) => p.name(),
  label: (p) => p.label(),
  astring: (p) => p.astring(),
  credential: (p) => p.credential(),
  string: (p) => p.string(),
  nstring: (p) => p.nstring(),
  quoted: (p) => p.quoted(),
  literal: (p) => p.literal(),
  number: (p) => p.number(),
  nzNumber: (p) => p.nzNumber(),
  number64: (p) => p.number64(),
  nzNumber64: (p) => p.nzNumber64(),
  sequenceSet: (p) => p.sequenceSet(),
  uidSet: (p) => p.uidSet(),
  mailbox: (p) => p.mailbox(),
  listMailbox: (p) => p.listMailbox(),
  flagList: (p) => p.flagList(),
  flags: (p) => p.flags(),
  date: (p) => p.date(),
  dateTime: (p) => p.dateTime(),
  base64: (p) => p.base64(),
  initialResponse: (p) => p.initialResponse(),
  section,
  sectionBinary,
  partial,
  searchModsequence,
  idParamsList,
  enableCapabilities,
  mboxOrPat,
  storeAttFlags,
  append: (p) => {
    const mailbox = p.mailbox()
    const message = appendMessage(p)
    appendMessageEnd(p, message)
    return [mailbox, message]
  },
  status: (p) => statusAtts(p, baseStatusAtts),
  select: (p) => [p.mailbox(), selectParams(p, condstoreSelectParams)],
  create: (p) => [p.mailbox(), createParams(p, useCreateParam)],
  store: (p) => [storeModifiers(p, condstoreStoreModifiers), storeAttFlags(p)],
  fetch: (p) => [fetchAtts(p, baseFetchRules), fetchModifiers(p, condstoreFetchModifiers)],
  list: (p) => {
    const select = listSelectOpts(p, baseListSelects)
    const reference = p.mailbox()
    p.sp()
    return [select, reference, mboxOrPat(p), listReturnOpts(p, baseListReturns)]
  },
  search: (p) => [searchReturnOpts(p, baseSearchReturns), searchProgram(p, searchRules)],
  sort: (p) => {
    const criteria = sortCriteria(p, baseSortKeys)
    p.sp()
    return [criteria, searchCriteria(p, searchRules)]
  },
}

/** The whole command: its tag, its name, and arguments read by a rule. */
export function wholeCommand(p: Parser, rule: Rule<unknown>): unknown {
  const tag = p.tag()
  p.sp()
  const name = p.name()
  p.sp()
  const value = rule(p)
  p.end()
  return [tag, name, value]
}
