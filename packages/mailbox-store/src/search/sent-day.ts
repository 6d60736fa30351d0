// SENTBEFORE, SENTON and SENTSINCE compare the day that stands in the Date header, "disregarding time and timezone"
// (RFC 9051 §6.4.4): the sender's own day, which near midnight isn't the UTC one. The parsed message knows the moment
// in UTC; the field's zone leads back to the day. RFC 5322 §3.3, §4.3.

import { daySeconds } from './query.js'

/** Hours; whatever else stands in a zone's place is UTC, as it was for the moment. */
const namedZones: Readonly<Record<string, number>> = {
  edt: -4,
  est: -5,
  cdt: -5,
  cst: -6,
  mdt: -6,
  mst: -7,
  pdt: -7,
  pst: -8,
}

export function sentDay({ field, utcMs }: { field: string; utcMs: number }): number {
  return Math.floor((utcMs / 1000 + zoneSeconds(field)) / daySeconds)
}

function zoneSeconds(field: string): number {
  const text = withoutComments(field).trimEnd()
  const zone = /:\d{2}\s+([+-])(\d{2}):?(\d{2})(?:\s|$)/.exec(text)
  if (zone === null) return (namedZones[/\s([a-z]{3})$/i.exec(text)?.[1]?.toLowerCase() ?? ''] ?? 0) * 3600
  const minutes = Number(zone[2]) * 60 + Number(zone[3])
  if (Number(zone[3]) > 59 || minutes >= 24 * 60) return 0
  return (zone[1] === '-' ? -minutes : minutes) * 60
}

/** One without an end is none. Any sender writes the field: it's gone through once. */
function withoutComments(field: string): string {
  let text = ''
  let from = 0
  for (let open = field.indexOf('('); open >= 0; open = field.indexOf('(', from)) {
    const close = field.indexOf(')', open)
    if (close < 0) break
    text += `${field.slice(from, open)} `
    from = close + 1
  }
  return text + field.slice(from)
}
