// Dates and times as IMAP writes them. RFC 9051 §9; there's no clock here, all is arithmetic on what was sent.
//
//   date-text = date-day "-" date-month "-" date-year
//   date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE

/** A day of the calendar; months count from 1. */
export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

export interface DateTime {
  /** Unix seconds. */
  readonly seconds: number
  /** Minutes east of Greenwich. */
  readonly zone: number
}

export const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const daySeconds = 86_400
/** The last second that four digits of a year can say. */
const secondsMax = 253_402_300_799
const secondsMin = -62_167_219_200

/** Undefined where it isn't a date, or no such day. */
export function parseDateText(text: string): CalendarDate | undefined {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text)
  return match === null ? undefined : calendarDate(match[1]!, match[2]!, match[3]!)
}

/** `date-day-fixed` is a space or two digits; clients that send a single digit are understood. */
export function parseDateTime(text: string): DateTime | undefined {
  const match = /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text)
  if (match === null) return undefined
  const date = calendarDate(match[1]!, match[2]!, match[3]!)
  const field = (group: number) => Number(match[group])
  const [hour, minute, second, zoneHours, zoneMinutes] = [field(4), field(5), field(6), field(8), field(9)]
  // A leap second is the first one of the next minute.
  if (date === undefined || hour > 23 || minute > 59 || second > 60 || zoneHours > 23 || zoneMinutes > 59)
    return undefined
  const zone = (match[7] === '-' ? -1 : 1) * (zoneHours * 60 + zoneMinutes)
  return { seconds: dayNumber(date) * daySeconds + hour * 3600 + minute * 60 + second - zone * 60, zone: zone + 0 }
}

function calendarDate(day: string, monthName: string, year: string): CalendarDate | undefined {
  const month = monthNames.findIndex((name) => name.toLowerCase() === monthName.toLowerCase()) + 1
  const date = { year: Number(year), month, day: Number(day) }
  return month > 0 && date.day >= 1 && date.day <= daysOf(date) ? date : undefined
}

function daysOf({ year, month }: CalendarDate): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days since 1970-01-01. Years are counted from March, so that a leap day is a year's last. */
export function dayNumber({ year, month, day }: CalendarDate): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

export function dateOfDay(number: number): CalendarDate {
  const days = number + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

/** Without the quotes. Seconds that no four-digit year has are brought to the nearest that has. */
export function formatDateTime(seconds: number, zone = 0): string {
  const local = Math.min(secondsMax, Math.max(secondsMin, Math.floor(seconds) + zone * 60))
  const { year, month, day } = dateOfDay(Math.floor(local / daySeconds))
  const inDay = ((local % daySeconds) + daySeconds) % daySeconds
  const time = [Math.floor(inDay / 3600), Math.floor(inDay / 60) % 60, inDay % 60].map(twoDigits).join(':')
  const away = Math.abs(zone)
  const zoneText = `${zone < 0 ? '-' : '+'}${twoDigits(Math.floor(away / 60))}${twoDigits(away % 60)}`
  return `${`${day}`.padStart(2, ' ')}-${monthNames[month - 1]}-${`${year}`.padStart(4, '0')} ${time} ${zoneText}`
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
