// What a server that took the message found out about who it's from, as it wrote it on top: RFC 8601 §2.2. Only the fields that carry the
// name of that server count; a server takes those out that others have written under its name, so that what is left is its own word.
//
//   authres-payload = authserv-id [ authres-version ] ( ";" "none" / 1*( ";" resinfo ) )
//   resinfo         = method "=" result [ "(" comment ")" ] *( ptype "." property "=" pvalue )

import { HeaderLines, unfold } from './header-lines.js'
import { latin1 } from './latin1.js'

export interface MethodResult {
  /** In lower case: `spf`, `dkim`, `dmarc`, `arc`. */
  readonly method: string
  readonly result: string
  readonly comment: string | undefined
  /** `header.d` → `example.org` */
  readonly properties: ReadonlyMap<string, string>
}

/** One message has no more; what is behind them is passed over. */
const resultsMax = 100

/** @returns undefined where no field is of that server; none where it says that it looked for nothing */
export function authenticationResults(header: Uint8Array, server: string): readonly MethodResult[] | undefined {
  const { text } = latin1(header)
  const lines = new HeaderLines(text)
  while (lines.next()) {
    if (text.slice(lines.nameStart, lines.nameEnd).toLowerCase() !== 'authentication-results') continue
    const [id, ...parts] = partsOf(unfold(text.slice(lines.valueStart, lines.valueEnd)))
    if (id?.words[0]?.toLowerCase() === server.toLowerCase()) return parts.slice(0, resultsMax).flatMap(resultOf)
  }
  return undefined
}

interface Part {
  /** With the quotes gone. */
  readonly words: readonly string[]
  readonly comment: string | undefined
}

function resultOf({ words, comment }: Part): MethodResult[] {
  const [first, ...rest] = words.map((word): readonly [string, string] => {
    const at = word.indexOf('=')
    return at < 0 ? [word.toLowerCase(), ''] : [word.slice(0, at).toLowerCase(), word.slice(at + 1)]
  })
  if (first === undefined || first[1] === '') return []
  return [{ method: first[0], result: first[1].toLowerCase(), comment, properties: new Map(rest) }]
}

/** Cut at semicolons and white space; what stands in quotes and comments has neither. */
function partsOf(value: string): readonly Part[] {
  const parts: { words: string[]; comment: string | undefined }[] = [{ words: [], comment: undefined }]
  let word = ''
  for (const [, quoted, comment, end, plain] of value.matchAll(piece)) {
    const part = parts[parts.length - 1] as (typeof parts)[number]
    if (quoted !== undefined) word += quoted.replace(/\\(.)/g, '$1')
    else if (plain !== undefined) word += plain
    else {
      if (word !== '') part.words.push(word)
      word = ''
      part.comment ??= comment?.trim()
      if (end === ';') parts.push({ words: [], comment: undefined })
    }
  }
  if (word !== '') parts[parts.length - 1]?.words.push(word)
  return parts
}

/** A quoted string, a comment without others in it, an end, or anything else. */
const piece = /"((?:[^"\\]|\\.)*)"|\(([^()]*)\)|([;\s])|([^\s;"(]+|["(])/g
