// The envelope of a post: addresses as they stand in a header field, a form or JSON, checked before anybody is looked up.
//
//   Postern-Recipients = Mailbox *( "," Mailbox )

import { tryParseAddress } from '@postern/mailbox-store'
import { malformed } from './post.js'

/** A comma in a quoted local part is no end. */
export function addressList(text: string): string[] {
  const found = text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
  return found.map((each) => each.trim()).filter((each) => each !== '')
}

export function checkedRecipients(addresses: readonly string[], recipientsMax: number): readonly string[] {
  if (addresses.length === 0) throw malformed('The post has no recipients.')
  if (addresses.length > recipientsMax)
    throw malformed(`The post has ${addresses.length} recipients, and ${recipientsMax} is the most taken here.`)
  for (const address of addresses)
    if (tryParseAddress(address) === undefined)
      throw malformed(`${JSON.stringify(address.slice(0, 100))} is no address of a recipient.`)
  return addresses
}

/** Empty, or `<>`: there's nobody to tell. */
export function checkedSender(text: string): string {
  const sender = text.trim().replace(/^<(.*)>$/s, '$1')
  if (sender !== '' && tryParseAddress(sender) === undefined)
    throw malformed(`${JSON.stringify(sender.slice(0, 100))} is no address of a sender.`)
  return sender
}
