/** Percent-encoding in user names and passwords of a route as in URLs: bytes of UTF-8, and what they decode to is visible. */
import { RouteMistake } from './route-mistake.js'

export const encodePercent = (text: string): string => encodeURIComponent(text)

export function decodePercent(text: string, what: string): string {
  const decoded = tryDecode(text)
  if (decoded === undefined)
    throw new RouteMistake(`has a % in its ${what} that begins no character`, 'Write a % as %25, and others as UTF-8.')
  if (/\p{Cc}/u.test(decoded))
    throw new RouteMistake(`has a control character in its ${what}`, 'Leave line ends and the like out of it.')
  return decoded
}

function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
