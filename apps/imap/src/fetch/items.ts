// The base's FETCH items. RFC 9051 §6.4.5 and §7.5.2; RFC822 and its kin from RFC 3501.

import { bodyOf, parseMessage } from '@postern/message'
import type { Wanted } from '../registry.js'
import type { Session } from '../session.js'
import { binaryItem, binarySizeItem } from './binary.js'
import { bytesOf, type FetchItem } from './item.js'
import { sectionItem } from './section.js'

const named = (name: string): Uint8Array => bytesOf((w) => w.sp().raw(name).sp())
const space = bytesOf((w) => w.sp())
const uidItem: FetchItem = { needs: {}, name: named('UID'), column: 'uids' }
const flagsName = named('FLAGS')
/** From here on packed flags have keywords. */
const plainFlagsEnd = 64

export function fetchItem(wanted: Wanted, session: Session): FetchItem {
  const form = { utf8: session.utf8 }
  switch (wanted.kind) {
    case 'uid':
      return uidItem
    case 'flags':
      return flagsItem(session)
    case 'internalDate':
      return {
        needs: {},
        name: named('INTERNALDATE'),
        write: (message, out) => void out.dateTime(message.internalDate),
      }
    case 'size':
      return { needs: {}, name: named('RFC822.SIZE'), column: 'sizes' }
    case 'envelope':
      return {
        ...{ needs: { listing: true }, name: named('ENVELOPE') },
        write: ({ listings }, out) => listings?.envelope(out, form),
      }
    case 'bodyStructure':
      return {
        ...{ needs: { listing: true }, name: named('BODYSTRUCTURE') },
        write: ({ listings }, out) => listings?.structure(out, form),
      }
    case 'body':
      return bodyItem(session)
    case 'section':
      return sectionItem(wanted, form)
    case 'rfc822':
      return sectionItem({ name: 'RFC822', section: { kind: 'whole', part: [] } }, form)
    case 'rfc822Header':
      return sectionItem({ name: 'RFC822.HEADER', section: { kind: 'header', part: [] } }, form)
    case 'rfc822Text':
      return sectionItem({ name: 'RFC822.TEXT', section: { kind: 'text', part: [] } }, form)
    case 'binary':
      return binaryItem(wanted)
    case 'binarySize':
      return binarySizeItem(wanted.part)
    case 'item': {
      const { item, argument } = wanted
      const { needs = {} } = item
      return { needs, name: space, write: (message, out) => item.write(message, out, argument) }
    }
  }
}

/** A mailbox has few combinations of flags, and each is written down once. */
function flagsItem(session: Session): FetchItem {
  const { open } = session.mailbox.view
  const written = (flags: number): Uint8Array => {
    const { system, keywords } = open.flagsOf(flags)
    return bytesOf((w) => w.flags(system, keywords))
  }
  /** Of those without keywords, in their places. */
  const plain: (Uint8Array | undefined)[] = []
  const others = new Map<number, Uint8Array>()
  const text = (flags: number): Uint8Array => {
    let known = flags < plainFlagsEnd ? plain[flags] : others.get(flags)
    if (known !== undefined) return known
    known = written(flags)
    if (flags < plainFlagsEnd) plain[flags] = known
    else others.set(flags, known)
    return known
  }
  return { needs: {}, name: flagsName, column: 'flags', text }
}

/** BODY without a section: BODYSTRUCTURE without what was added later, which nearly no client asks for. */
function bodyItem({ utf8 }: Session): FetchItem {
  const structure = (bytes: Uint8Array): string => bodyOf(parseMessage(bytes), utf8 ? 'utf8' : '7bit')
  return {
    ...{ needs: { bytes: true }, name: named('BODY') },
    write({ content }, out) {
      if (content?.held !== undefined) {
        out.raw(structure(content.held))
        return
      }
      return content?.bytes().then((bytes) => void out.raw(structure(bytes)))
    },
  }
}
