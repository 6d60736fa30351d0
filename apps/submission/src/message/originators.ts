// Who a message says it's from: every address of every From, Sender, Resent-From and Resent-Sender (contract D3), read so that no
// mail program can read another one out of the same bytes (`plainAddresses`), and in the spelling that the directory compares.
// RFC 5322 §3.6.2 and §3.6.6, RFC 6854 §2 (groups in From).

import { domainToUnicode } from 'node:url'
import { type Address, tryParseAddress } from '@postern/mailbox-store'
import { type PlainMailbox, plainAddresses } from '@postern/message'
import { type Field, type Header, textValue } from '@postern/smtp'
import { fromAddressesMax, fromFieldsMax } from './limits.js'

export const originatorNames = ['from', 'sender', 'resent-from', 'resent-sender'] as const
export type OriginatorName = (typeof originatorNames)[number]

export interface Originator {
  readonly field: Field
  readonly name: OriginatorName
  /** Empty where it's unclear, or says nobody. */
  readonly mailboxes: readonly PlainMailbox[]
  readonly addresses: readonly Address[]
  /** Why it can't be read as one thing only. */
  readonly unclear: string | undefined
}

export function originatorsOf(header: Header): readonly Originator[] {
  const found: Originator[] = []
  let addressesMax = fromAddressesMax
  for (const field of header.fields) {
    const name = originatorNames.find((each) => each === field.name)
    if (name === undefined) continue
    const read =
      found.length < fromFieldsMax ? originator(header, { field, name, addressesMax }) : notRead({ field, name })
    addressesMax -= read.addresses.length
    found.push(read)
  }
  return found
}

const notRead = (of: Pick<Originator, 'field' | 'name'>): Originator => ({
  ...{ ...of, mailboxes: [], addresses: [] },
  unclear: `more than ${fromFieldsMax} fields say who it is from`,
})

interface Asked extends Pick<Originator, 'field' | 'name'> {
  readonly addressesMax: number
}

function originator(header: Header, { field, name, addressesMax }: Asked): Originator {
  const unclear = (why: string): Originator => ({ field, name, mailboxes: [], addresses: [], unclear: why })
  const read = plainAddresses(textValue(header, field))
  if (read.kind === 'unclear') return unclear(read.why)
  if (read.mailboxes.length > addressesMax) return unclear(`more than ${fromAddressesMax} addresses say who it is from`)
  const single = name === 'sender' || name === 'resent-sender'
  if (single && (read.mailboxes.length !== 1 || read.groups > 0)) return unclear('a sender is one address')
  const addresses: Address[] = []
  for (const { local, domain } of read.mailboxes) {
    const address = tryParseAddress(`${local}@${domain}`)
    if (address === undefined || !isShownAsIs(domain, address.domain))
      return unclear(`${local}@${domain} is no address`)
    addresses.push(address)
  }
  return { field, name, mailboxes: read.mailboxes, addresses, unclear: undefined }
}

/** Names that DNS maps to another spelling (wide letters, soft hyphens) are that other name for some programs and not for all. */
function isShownAsIs(domain: string, clean: string): boolean {
  const lower = domain.toLowerCase()
  return lower === clean || lower.normalize('NFC') === domainToUnicode(clean)
}
