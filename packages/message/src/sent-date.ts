// The Date field as a moment, for sorting and threading. RFC 5322 §3.3 and §4.3 (obsolete forms), RFC 5256 §2.2: an invalid zone is
// UTC, an invalid time is midnight, and without a valid day there is no date.
//
//   date-time = [ day-of-week "," ] day month year hour ":" minute [ ":" second ] zone

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 5322 §4.3, in minutes. Military letters are -0000 by the RFC, since senders had their sign wrong. */
const namedZones: Record<string, number> = {
  ut: 0,
  gmt: 0,
  utc: 0,
  z: 0,
  edt: -240,
  est: -300,
  cdt: -300,
  cst: -360,
  mdt: -360,
  mst: -420,
  pdt: -420,
  pst: -480,
}

const dateCharsMax = 200

/** Milliseconds since 1970 in UTC, or undefined. */
export function sentDate(raw: string | undefined): number | undefined {
  if (raw === undefined) return undefined
  const words = withoutComments(raw.slice(0, dateCharsMax)).replace(/,/g, ' ').split(/\s+/).filter(Boolean)
  let i = words.length > 0 && /^\D/.test(words[0]!) && monthOf(words[0]) < 0 ? 1 : 0
  const day = dayOf(words, i)
  if (day === undefined) return undefined
  i += day.words
  // `asctime` has the time before the year
  const time = timeOf(words[i])
  const year = day.year ?? yearOf(words[i + 1])
  if (year === undefined) return undefined
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0)
  const midnight = date.setUTCFullYear(year, day.month, day.day)
  if (date.getUTCDate() !== day.day) return undefined
  const minutes = zoneOf(words[day.year === undefined ? i + 2 : i + 1])
  return midnight + (time ?? 0) - (time === undefined ? 0 : minutes * 60_000)
}

interface Day {
  day: number
  month: number
  year: number | undefined
  words: number
}

/** `13 Feb 1969`, `13-Feb-69`, or `Feb 13` with the year behind the time. */
function dayOf(words: readonly string[], i: number): Day | undefined {
  const first = words[i]?.split('-') ?? []
  if (first.length === 3) return dayFrom(first[0], first[1], first[2], 1)
  const direct = dayFrom(words[i], words[i + 1], words[i + 2], 3)
  if (direct !== undefined) return direct
  return timeOf(words[i + 2]) === undefined ? undefined : dayFrom(words[i + 1], words[i], undefined, 2)
}

function dayFrom(
  dayText: string | undefined,
  monthText: string | undefined,
  yearText: string | undefined,
  words: number,
): Day | undefined {
  const day = dayText !== undefined && /^\d{1,2}$/.test(dayText) ? Number(dayText) : 0
  const month = monthOf(monthText)
  const year = yearOf(yearText)
  if (day < 1 || day > 31 || month < 0 || (yearText !== undefined && year === undefined)) return undefined
  return { day, month, year, words }
}

function monthOf(text: string | undefined): number {
  return text === undefined ? -1 : months.indexOf(text.slice(0, 3).toLowerCase())
}

/** RFC 5322 §4.3: two digits up to 49 are 20xx, other two or three digits count from 1900. */
function yearOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{2,4}$/.test(text)) return undefined
  const year = Number(text)
  if (text.length === 4) return year
  return text.length === 2 && year < 50 ? 2000 + year : 1900 + year
}

function timeOf(text: string | undefined): number | undefined {
  const match = text?.match(/^(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?/)
  if (!match) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1000
}

/** Minutes east of Greenwich. */
function zoneOf(text: string | undefined): number {
  const match = text?.match(/^([+-])(\d{2}):?(\d{2})$/)
  if (!match) return namedZones[text?.toLowerCase() ?? ''] ?? 0
  const minutes = Number(match[2]) * 60 + Number(match[3])
  if (Number(match[3]) > 59 || minutes >= 24 * 60) return 0
  return match[1] === '-' ? -minutes : minutes
}

function withoutComments(text: string): string {
  if (!text.includes('(')) return text
  let out = ''
  let depth = 0
  for (const character of text) {
    if (character === '(') depth++
    else if (character === ')') depth = Math.max(0, depth - 1)
    else if (depth === 0) out += character
  }
  return out
}
