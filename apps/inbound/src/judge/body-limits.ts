/// <reference path="./mailauth-inside.d.ts" />
/**
 * Signatures that say how much of the body they cover (`l=`, RFC 6376 §3.5): one that says more than there is covers nothing, and isn't
 * shown to mailauth, which would write a line of its own to standard output. The body is gone through for that only where there
 * is such a signature.
 */
import { type Field, fieldsNamed, type Header } from '@postern/smtp'
import { dkimBody } from 'mailauth/lib/dkim/body/index.js'
import parseDkimHeaders from 'mailauth/lib/parse-dkim-headers.js'
import type { ArrivedText } from '../arrival.js'
import { plainBody } from './plain-body.js'
import { signatureBytesMax } from './shown-header.js'

/** The fields that claim more than there is. */
export async function overlongLimits(header: Header, text: ArrivedText): Promise<readonly Field[]> {
  const limited = fieldsNamed(header, 'dkim-signature').flatMap((field) => limitOf(header, field) ?? [])
  if (limited.length === 0) return []
  const lengths = await canonicalLengths(text)
  return limited.flatMap(({ field, bytes, form }) => (isWithin(bytes, lengths[form]) ? [] : [field]))
}

interface Limited {
  readonly field: Field
  readonly bytes: unknown
  readonly form: 'simple' | 'relaxed'
}

function limitOf({ bytes }: Header, field: Field): Limited | undefined {
  if (field.end - field.start > signatureBytesMax) return undefined
  const { parsed } = parseDkimHeaders(bytes.subarray(field.start, field.end))
  const limit = parsed.l?.value
  if (limit === undefined || limit === '') return undefined
  const form = String(parsed.c?.value ?? '').split('/')[1]
  return { field, bytes: limit, form: form?.trim().toLowerCase() === 'relaxed' ? 'relaxed' : 'simple' }
}

const isWithin = (limit: unknown, length: number): boolean =>
  typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0 && limit <= length

async function canonicalLengths(text: ArrivedText): Promise<Readonly<Record<Limited['form'], number>>> {
  const forms = { simple: dkimBody('simple', 'sha256'), relaxed: dkimBody('relaxed', 'sha256') }
  for await (const piece of plainBody(text)) for (const form of Object.values(forms)) form.update(piece)
  for (const form of Object.values(forms)) form.digest('base64')
  return { simple: forms.simple.canonicalizedLength, relaxed: forms.relaxed.canonicalizedLength }
}
