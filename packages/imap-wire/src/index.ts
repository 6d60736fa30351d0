// The only door of the package: IMAP as it stands on the wire. Bytes go through the framer (framer.ts) and the parser (parser.ts,
// with the larger rules beside it), and answers go out through the writer (writer.ts).

export { type AppendMessage, appendMessage, appendMessageEnd } from './append-message.js'
export { decodeBase64, encodeBase64 } from './base64.js'
export { type Command, commandOfLine, type LinePiece, type LiteralPiece, type Piece } from './command.js'
export {
  condstoreFetchModifiers,
  condstoreSelectParams,
  condstoreStoreModifiers,
  modSequenceValue,
  modSequenceValzer,
  type QresyncParameters,
  searchModsequence,
} from './condstore.js'
export {
  type CalendarDate,
  type DateTime,
  dateOfDay,
  dayNumber,
  formatDateTime,
  parseDateText,
  parseDateTime,
} from './date.js'
export { enableCapabilities } from './enable-arguments.js'
export { baseFetchRules, type FetchAttribute, type FetchRules, fetchAtts, fetchModifiers } from './fetch-att.js'
export { type Flags, recentFlag, systemFlagBit, systemFlags, systemFlagsText } from './flags.js'
export { type Frame, Framer } from './framer.js'
export { idPairsMax, idParamsList } from './id-parameters.js'
export { ImapError } from './imap-error.js'
export {
  defaultFramerLimits,
  defaultParserLimits,
  type FramerLimits,
  number32Max,
  type ParserLimits,
} from './limits.js'
export {
  baseListReturns,
  baseListSelects,
  baseStatusAtts,
  listReturnOpts,
  listSelectOpts,
  mboxOrPat,
  type StatusAttribute,
  statusAtts,
} from './list-arguments.js'
export { listPattern, type NameMatch } from './list-pattern.js'
export { decodeMailboxName, encodeMailboxName, type MailboxNameOptions } from './mailbox-name.js'
export { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.js'
export { putDigits } from './number-list.js'
export { named, type OptionRule, type OptionRules, type Options, options, returnOptions } from './options.js'
export { Parser, type Rule } from './parser.js'
export type { Numbers, PlainCode, ResponseCode } from './response-code.js'
export {
  allOf,
  baseSearchRules,
  type SearchKey,
  type SearchRule,
  type SearchRules,
  type SearchWhen,
} from './search-key.js'
export {
  baseSearchReturns,
  type SearchProgram,
  searchCriteria,
  searchProgram,
  searchReturnOpts,
} from './search-program.js'
export {
  partial,
  type Section,
  type SectionPart,
  type SectionPartial,
  section,
  sectionBinary,
  writeSection,
} from './section.js'
export { createParams, selectParams, useCreateParam } from './select-params.js'
export {
  formatSequenceSet,
  formatSet,
  highestNumber,
  type NumberRange,
  type NumberSet,
  resolveSet,
  type SequenceContext,
  type SequenceSet,
  STAR,
  sequenceSet,
} from './sequence-set.js'
export {
  baseSortKeys,
  type DisplaySortKeyName,
  displaySortKeys,
  type SortCriterion,
  type SortKeyName,
  sortCriteria,
} from './sort-criteria.js'
export { type StoreAttFlags, storeAttFlags, storeModifiers } from './store-arguments.js'
export { tagOf } from './tag.js'
export type { ParserOptions } from './tokens.js'
export { type Status, type StatusKind, Writer } from './writer.js'
