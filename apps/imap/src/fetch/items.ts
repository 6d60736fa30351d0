// The base's FETCH items, each as it is written. RFC 9051 §6.4.5 and §7.5.2; RFC822 and its kin from RFC 3501.

import type { RowWants } from '@postern/mailbox-store'
import { bodyOf, parseMessage } from '@postern/message'
import type { Out } from '../out.js'
import type { Wanted } from '../registry.js'
import { writeBinary, writeBinarySize } from './binary.js'
import type { FetchedMessage } from './fetched-message.js'
import { isHeader, sectionNeeds, writeHeaderItem, writeSectionItem } from './section.js'

export interface Needs extends RowWants {
  readonly bytes?: boolean
  readonly seen?: boolean
}

/** What must be read of a message for an item, and whether it sets \Seen. */
export function needsOf(wanted: Wanted): Needs {
  switch (wanted.kind) {
    case 'envelope':
      return { envelope: true }
    case 'bodyStructure':
      return { structure: true }
    case 'body':
      return { bytes: true }
    case 'section':
      return { ...sectionNeeds(wanted.section), seen: !wanted.peek }
    case 'binary':
      return { parts: true, bytes: true, seen: !wanted.peek }
    case 'binarySize':
      return { parts: true, bytes: true }
    case 'rfc822':
    case 'rfc822Text':
      return { parts: true, bytes: true, seen: true }
    case 'rfc822Header':
      return { parts: true, bytes: true }
    case 'item':
      return wanted.item.needs ?? {}
    default:
      return {}
  }
}

/** Index and row have all that the item says: nothing is waited for. */
export const isAtHand = (wanted: Wanted): boolean =>
  wanted.kind === 'section' ? isHeader(wanted.section) : atHandKinds.has(wanted.kind)

const atHandKinds: ReadonlySet<string> = new Set([
  ...['uid', 'flags', 'internalDate', 'size', 'envelope', 'bodyStructure', 'item'],
])

export function writeAtHand(out: Out, wanted: Wanted, fetched: FetchedMessage): void {
  const { session, row } = fetched
  switch (wanted.kind) {
    case 'uid':
      out.raw('UID ').number(fetched.uid)
      return
    case 'flags': {
      const { system, keywords } = session.mailbox.view.open.flagsOf(fetched.flags)
      out.raw('FLAGS ').flags(system, keywords)
      return
    }
    case 'internalDate':
      out.raw('INTERNALDATE ').dateTime(fetched.internalDate)
      return
    case 'size':
      out.raw('RFC822.SIZE ').number(fetched.size)
      return
    case 'envelope':
      out.raw('ENVELOPE ').raw((session.utf8 ? row?.utf8?.[0] : undefined) ?? row?.envelope ?? 'NIL')
      return
    case 'bodyStructure':
      out.raw('BODYSTRUCTURE ').raw((session.utf8 ? row?.utf8?.[1] : undefined) ?? row?.bodyStructure ?? 'NIL')
      return
    case 'section':
      writeHeaderItem(out, fetched, wanted)
      return
    case 'item':
      wanted.item.write(fetched, out, wanted.argument)
  }
}

export async function writeItem(out: Out, wanted: Wanted, fetched: FetchedMessage): Promise<void> {
  if (isAtHand(wanted)) {
    writeAtHand(out, wanted, fetched)
    return
  }
  const { session } = fetched
  switch (wanted.kind) {
    case 'body':
      out
        .raw('BODY ')
        .raw(
          bodyOf(parseMessage((await fetched.content?.bytes()) ?? new Uint8Array(0)), session.utf8 ? 'utf8' : '7bit'),
        )
      return
    case 'rfc822':
      return writeSectionItem(out, fetched, { name: 'RFC822', section: { kind: 'whole', part: [] } })
    case 'rfc822Header':
      return writeSectionItem(out, fetched, { name: 'RFC822.HEADER', section: { kind: 'header', part: [] } })
    case 'rfc822Text':
      return writeSectionItem(out, fetched, { name: 'RFC822.TEXT', section: { kind: 'text', part: [] } })
    case 'section':
      return writeSectionItem(out, fetched, wanted)
    case 'binary':
      writeBinary(out, fetched, wanted)
      return
    case 'binarySize':
      writeBinarySize(out, fetched, wanted.part)
  }
}
