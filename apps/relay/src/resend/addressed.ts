/**
 * Whom a request names. Resend sends to exactly those who stand in to, cc and bcc, so that the envelope's recipients have to be there
 * and nobody else: those of the header's To and Cc who are meant now stand there, the others in bcc. Where the header names none of
 * them, each gets a request of its own, since `to` can't be empty and shows who stands in it.
 */
import type { ParcelRecipient } from '../transport.js'
import type { Mailbox, TakenApart } from './take-apart.js'

export interface Addressed {
  readonly recipients: readonly ParcelRecipient[]
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly bcc: readonly string[]
}

const recipientsMax = 50

export function addressed(
  recipients: readonly ParcelRecipient[],
  header: Pick<TakenApart, 'to' | 'cc'>,
): readonly Addressed[] {
  const named = (list: readonly Mailbox[]) => new Map(list.map((one) => [one.address.toLowerCase(), one.shown]))
  const [inTo, inCc] = [named(header.to), named(header.cc)]
  const batches: Addressed[] = []
  for (let from = 0; from < recipients.length; from += recipientsMax) {
    const batch = recipients.slice(from, from + recipientsMax)
    const at = (one: ParcelRecipient) => one.address.toLowerCase()
    const to = batch.filter((one) => inTo.has(at(one)))
    const cc = batch.filter((one) => !to.includes(one) && inCc.has(at(one)))
    const hidden = batch.filter((one) => !to.includes(one) && !cc.includes(one))
    if (to.length + cc.length === 0)
      batches.push(...hidden.map((one) => ({ recipients: [one], to: [one.address], cc: [], bcc: [] })))
    else
      batches.push({
        recipients: batch,
        to: to.length > 0 ? to.map((one) => inTo.get(at(one))!) : cc.map((one) => inCc.get(at(one))!),
        cc: to.length > 0 ? cc.map((one) => inCc.get(at(one))!) : [],
        bcc: hidden.map(({ address }) => address),
      })
  }
  return batches
}
