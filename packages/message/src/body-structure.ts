// BODYSTRUCTURE and BODY, ready to send. RFC 9051 §7.5.2 and §9, RFC 3501 §7.4.2.
//
//   body            = "(" (body-type-1part / body-type-mpart) ")"
//   body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
//   body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
//   body-fields     = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
//   body-ext-1part  = body-fld-md5 SP body-fld-dsp SP body-fld-lang SP body-fld-loc
//   body-ext-mpart  = body-fld-param SP body-fld-dsp SP body-fld-lang SP body-fld-loc
//
// A parameter beyond ASCII has its plain name in both forms (FILENAME, not FILENAME*): as UTF-8 in one, as an encoded word in the
// other, which is what clients decode even though RFC 2047 §5 doesn't provide for it.
import type { Disposition } from './content-type.js'
import { envelope, envelopeAddresses } from './envelope.js'
import { type Form, nstring, quoted } from './imap-string.js'
import type { Parameter } from './parameters.js'
import { isMultipart, type NestedMessage, type Part } from './part.js'

export interface StructureOptions {
  form: Form
  /** With extension data: BODYSTRUCTURE; without: BODY. */
  extended: boolean
  addressesMax: number
}

export function bodyStructure(part: Part, options: StructureOptions): string {
  return isMultipart(part) ? multipartStructure(part, options) : singleStructure(part, options)
}

function multipartStructure(part: Part, options: StructureOptions): string {
  let out = '('
  for (const child of part.children) out += bodyStructure(child, options)
  out += ` ${quoted(part.subtype, options.form)}`
  if (options.extended) out += ` ${parameterList(part.params, options.form)} ${commonExtension(part, options.form)}`
  return `${out})`
}

function singleStructure(part: Part, options: StructureOptions): string {
  const { form } = options
  let out = `(${mediaType(part, form)} ${parameterList(part.params, form)} ${nstring(part.id, form)}`
  out += ` ${nstring(part.description, form)} ${quoted(part.encoding, form)} ${part.bodyEnd - part.bodyStart}`
  if (part.message !== undefined && hasMessageForm(part, form))
    out += `${messageFields(part.message, options)} ${part.lines}`
  else if (part.type === 'TEXT') out += ` ${part.lines}`
  if (options.extended) out += ` ${nstring(part.md5, form)} ${commonExtension(part, form)}`
  return `${out})`
}

function mediaType(part: Part, form: Form): string {
  return `${quoted(part.type, form)} ${quoted(part.subtype, form)}`
}

/** RFC 6855 §3: IMAP4rev1 knows MESSAGE RFC822 only; a message/global is a closed part to whoever hasn't asked for UTF-8. */
function hasMessageForm(part: Part, form: Form): boolean {
  return part.subtype === 'RFC822' || form === 'utf8'
}

/** body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines */
function messageFields(message: NestedMessage, options: StructureOptions): string {
  const addresses = envelopeAddresses(message.header, options.addressesMax)
  return ` ${envelope(message.header, addresses, options.form)} ${bodyStructure(message.root, options)}`
}

function commonExtension(part: Part, form: Form): string {
  return `${dispositionField(part.disposition, form)} ${languageField(part.language, form)} ${nstring(part.location, form)}`
}

/** body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
function parameterList(params: readonly Parameter[], form: Form): string {
  if (params.length === 0) return 'NIL'
  let out = ''
  for (const [name, value] of params) out += `${out === '' ? '(' : ' '}${quoted(name, form)} ${quoted(value, form)}`
  return `${out})`
}

/** body-fld-dsp = "(" string SP body-fld-param ")" / nil */
function dispositionField(disposition: Disposition | undefined, form: Form): string {
  if (disposition === undefined) return 'NIL'
  return `(${quoted(disposition.type, form)} ${parameterList(disposition.params, form)})`
}

/** body-fld-lang = nstring / "(" string *(SP string) ")" */
function languageField(language: readonly string[] | undefined, form: Form): string {
  if (language === undefined) return 'NIL'
  if (language.length === 1) return quoted(language[0]!, form)
  return `(${language.map((tag) => quoted(tag, form)).join(' ')})`
}
