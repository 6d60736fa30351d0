// What SORT compares (RFC 5256, RFC 5957), in one column: the sent date and the texts, parted by a control character
// that none of them can hold. Dates are seconds in base 36, since a header says no less and the column is in every row;
// behind the texts of an answer or a forwarded message stands one character more, for THREAD.

import type { ParsedMessage } from '@postern/message'

const separator = '\u001f'
const reply = '1'

export function packSort(sort: ParsedMessage['sort']): string {
  const date = sort.date === undefined ? '' : Math.floor(sort.date / 1000).toString(36)
  const values = [date, sort.subject, sort.from, sort.to, sort.cc, sort.displayFrom, sort.displayTo]
  if (sort.isReplyOrForward) values.push(reply)
  return values.map((value) => (value.includes(separator) ? value.replaceAll(separator, ' ') : value)).join(separator)
}

const places = { date: 0, subject: 1, from: 2, to: 3, cc: 4, displayFrom: 5, displayTo: 6 } as const

export function unpackSortText(column: string, by: Exclude<keyof typeof places, 'date'>): string {
  let start = 0
  for (let left = places[by]; left > 0; left--) start = column.indexOf(separator, start) + 1
  const end = column.indexOf(separator, start)
  return column.slice(start, end < 0 ? undefined : end)
}

/** Seconds; undefined where no Date says it. */
export function unpackSortDate(column: string): number | undefined {
  const end = column.indexOf(separator)
  return end <= 0 ? undefined : Number.parseInt(column.slice(0, end), 36)
}

export const unpackIsReply = (column: string): boolean =>
  column.endsWith(`${separator}${reply}`) && column.split(separator).length > Object.keys(places).length
