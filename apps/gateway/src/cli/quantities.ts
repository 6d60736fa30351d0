// Counts, sizes, spans and moments as people type them: `500`, `2GiB`, `36h`, `90d`, `2027-01-31`.

import { Unreadable } from './options.js'

export function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Unreadable('is a whole number')
  return Number(text)
}

export function atLeastOne(text: string): number {
  const number = count(text)
  if (number < 1) throw new Unreadable('is a whole number from 1')
  return number
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Units are of 1024; `GB` and `GiB` are the same to most people. */
export function bytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,12})\s*([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === '') throw new Unreadable('is a size such as 500M or 2G')
  return Number(number) * (unitBytes[unit.toLowerCase()] as number)
}

/** What `--quota` takes: a size, or `none`. */
export const bytesOrNone = (text: string): number | null => (text === 'none' ? null : bytes(text))
export const countOrNone = (text: string): number | null => (text === 'none' ? null : count(text))
export const textOrNone = (text: string): string | null => (text === 'none' ? null : text)

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

export function span(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? []
  if (number === '') throw new Unreadable('is a span of time such as 30m, 36h or 90d')
  return Number(number) * (unitMs[unit] as number)
}

export const spanOrNone = (text: string): number | null => (text === 'none' ? null : span(text))

/** In the largest unit that it is a whole number of. */
export function spanText(ms: number): string {
  const [unit, unitMs] = spanUnits.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1]
  return `${ms / unitMs} ${unit}`
}

/** About how long, in one unit: `5 hours`. */
export function spanWords(ms: number): string {
  const [unit, unitMs] = spanUnits.find(([, each]) => ms >= 2 * each) ?? ['seconds', 1_000]
  return `${Math.floor(Math.max(ms, 0) / unitMs)} ${unit}`
}

const spanUnits = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
] as const

/** ISO 8601, a day alone being its first moment in UTC. */
function moment(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

/** From now on: `90d`, or a moment. */
export const future =
  (now: () => number) =>
  (text: string): number => {
    const at = moment(text) ?? (/^\d/.test(text) && /[smhdw]$/.test(text) ? now() + span(text) : undefined)
    if (at === undefined) throw new Unreadable('is a span such as 90d, or a date such as 2027-01-31')
    if (at <= now()) throw new Unreadable('is in the future')
    return at
  }

/** Until now: `24h`, or a moment. */
export const past =
  (now: () => number) =>
  (text: string): number => {
    const at = moment(text) ?? (/^\d/.test(text) && /[smhdw]$/.test(text) ? now() - span(text) : undefined)
    if (at === undefined) throw new Unreadable('is a span such as 24h, or a date such as 2026-01-31')
    return at
  }

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

export function sizeText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10))
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
