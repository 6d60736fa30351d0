// Whether a message may be answered by a machine (RFC 3834 §2, RFC 5230 §4.6): one that a person has written to this inbox by name, and nothing that
// a list, a server or another machine has sent. When in doubt it's not.

import { envelopeAddress, type Facts, type Header } from './facts.js'

/** RFC 3834 §2: who sends for a machine, a list or a role. */
const machines =
  /^(?:mailer-daemon|postmaster|listserv|majordomo|owner-.*|.*-owner|.*-request|.*-relay|.*-bounces?|bounces?[+-].*|no-?reply.*|do-?not-?reply.*)$/i
const ofLists = [
  'list-id',
  'list-post',
  'list-unsubscribe',
  'list-help',
  'list-subscribe',
  'list-owner',
  'list-archive',
]

export function mayBeAnswered({ facts, header }: { readonly facts: Facts; readonly header: Header }): boolean {
  const { spam, inbox, recipient } = facts
  const sender = envelopeAddress(facts.sender)
  if (spam || sender === undefined || sender.domain === '' || machines.test(sender.local)) return false
  const own = new Set([inbox.toLowerCase(), recipient.toLowerCase()])
  if (own.has(sender.address.toLowerCase())) return false
  if (header.values('auto-submitted').some((value) => !/^no\b/i.test(value.trim()))) return false
  if (header.values('precedence').some((value) => /^(?:bulk|list|junk)\b/i.test(value.trim()))) return false
  if (header.values('x-auto-response-suppress').some((value) => /\b(?:all|oof|autoreply)\b/i.test(value))) return false
  if (ofLists.some((name) => header.values(name).length > 0)) return false
  return ['to', 'cc'].some((name) => header.addresses(name).some(({ address }) => own.has(address.toLowerCase())))
}
