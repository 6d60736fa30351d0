// When a message came, where a file says so only in words: in the From line of an mbox, in every way that has been written, and in
// the message's own Received and Date fields (RFC 5322 §3.3). A time without a zone is taken as UTC.

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const month = `(${months.join('|')})[a-z]*`
const time = String.raw`(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,]\d+)?`

/** `Jan  1 10:00:00 2020`, with a zone before or behind the year, or the year before the time. */
const asctime = new RegExp(String.raw`\b${month}\.?\s+(\d{1,2}),?\s+(?:(\d{4})\s+)?${time}(?:\s+(.*))?$`, 'i')
/** `1 Jan 2020 10:00:00 +0100`. */
const written = new RegExp(String.raw`\b(\d{1,2})[\s-]+${month}\.?[\s-]+(\d{2,4})\s+${time}\s*(.*)$`, 'i')
const iso = new RegExp(String.raw`\b(\d{4})-(\d\d)-(\d\d)[T\s]${time}\s*(.*)$`)

const zoneHours: Readonly<Record<string, number>> = {
  ...{
    UT: 0,
    UTC: 0,
    GMT: 0,
    Z: 0,
    WET: 0,
    WEST: 1,
    BST: 1,
    CET: 1,
    MET: 1,
    CEST: 2,
    MEST: 2,
    EET: 2,
    EEST: 3,
    MSK: 3,
  },
  ...{ IST: 5.5, JST: 9, EST: -5, EDT: -4, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7 },
}

/** Unix seconds of the date in a From line, or undefined where there's none. */
export function dateOfFromLine(line: string): number | undefined {
  const [, m, day, early, hour, minute, second, rest = ''] = asctime.exec(line) ?? []
  if (m !== undefined) {
    const late = /(?:^|\s)(\d{4}|\d{2})(?=\s|$)/.exec(rest)?.[1]
    const year = early ?? late
    if (year !== undefined) return seconds({ year, month: m, day, hour, minute, second, zone: rest })
  }
  return dateOfText(line)
}

function dateOfText(text: string): number | undefined {
  const named = written.exec(text)
  if (named !== null) {
    const [, day, m, year, hour, minute, second, zone] = named
    return seconds({ year, month: m, day, hour, minute, second, zone })
  }
  const [, year, number, day, hour, minute, second, zone] = iso.exec(text) ?? []
  if (year === undefined) return undefined
  return seconds({ year, month: months[Number(number) - 1], day, hour, minute, second, zone })
}

type Parts = Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'zone', string | undefined>>

function seconds({
  year = '',
  month: name = '',
  day,
  hour,
  minute,
  second = '0',
  zone = '',
}: Parts): number | undefined {
  const short = Number(year)
  const full = year.length > 2 ? short : short + (short < 70 ? 2000 : 1900)
  const at = Date.UTC(
    full,
    months.indexOf(name.toLowerCase().slice(0, 3)),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  )
  const utc = at / 1000 - zoneSeconds(zone)
  return Number.isFinite(utc) && utc >= 0 ? utc : undefined
}

function zoneSeconds(text: string): number {
  const [, sign, hours, minutes] = /(?:^|[\s\d(])?([+-])(\d\d):?(\d\d)\b/.exec(text) ?? []
  if (hours !== undefined) return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
  for (const word of text.toUpperCase().match(/\b[A-Z]{1,4}\b/g) ?? []) {
    const known = zoneHours[word]
    if (known !== undefined) return known * 3600
  }
  return 0
}

/** As asctime writes it, in UTC: what stands in a From line. */
export function fromLineDate(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000)
  const [day, dayOfMonth, name, year, clock] = date.toUTCString().replace(',', '').split(' ') as [
    string,
    string,
    string,
    string,
    string,
  ]
  return `${day} ${name} ${String(Number(dayOfMonth)).padStart(2, ' ')} ${clock} ${year}`
}

/** The youngest Received, which stands first, or the Date: when it came, as far as its header knows. */
export function dateOfHeader(header: Uint8Array): number | undefined {
  const text = Buffer.from(header.buffer, header.byteOffset, header.length)
    .toString('latin1')
    .replace(/\r?\n[ \t]+/g, ' ')
  const received = /^received:(.*)$/im.exec(text)?.[1]
  const at = received === undefined ? undefined : dateOfText(received.slice(received.lastIndexOf(';') + 1))
  if (at !== undefined) return at
  const date = /^date:(.*)$/im.exec(text)?.[1]
  return date === undefined ? undefined : dateOfFromLine(date)
}
