// What both SMTP doors are made of, submission and receiving: the wire, the loop of commands, what can be said and read, and the
// message behind DATA.

export { type Command, noWords } from './command.js'
export { Conversation, type ConversationOptions, type Hello } from './conversation.js'
export { Conversations, type ConversationsOptions } from './conversations.js'
export { readHelloName } from './hello-name.js'
export { needsSmtpUtf8 } from './international.js'
export type { Meters } from './measures.js'
export { arrivedHeader } from './message/arrived-header.js'
export { type Edit, type Edits, editedHeader } from './message/edited-header.js'
export {
  type Field,
  fieldsNamed,
  firstNamed,
  type Header,
  mediaType,
  rawValue,
  readHeader,
  textValue,
} from './message/header.js'
export { type HeaderBlock, readHeaderBlock } from './message/header-block.js'
export {
  type DiskUse,
  type HeldText,
  type HoldOptions,
  holdText,
  MemoryBudget,
  removeLeftOvers,
} from './message/held-text.js'
export { Intake, type IntakeOptions, type LinePass } from './message/intake.js'
export { lineOctetsMax } from './message/limits.js'
export { LineCheck } from './message/line-check.js'
export { behindHeader, bodyOf, type MailText } from './message/mail-text.js'
export { addressLiteral, dateTime, isMachineName, receivedField } from './message/received.js'
export { type CommandSet, obey } from './obey.js'
export { type Parameters, readFlag, readParameters, readValue, xtext } from './parameters.js'
export { type Path, readPath } from './path.js'
export { enforce, firstRefusal, type Policy } from './policy.js'
export { type Reply, replyLine, SmtpError } from './reply.js'
export { ClientGone, Wire, type WireLimits } from './wire.js'
