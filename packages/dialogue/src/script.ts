// A conversation as text, one step a line, that anybody can read and add to:
//
//   # RFC 6851 §4.3
//   Given mailbox INBOX: a.eml b.eml
//   C:  a1 MOVE 2 Archive
//   S:  * OK [COPYUID $validity 2 1] $text
//   S2: * 2 EXPUNGE                        (a second session hears it)
//   S?: * 3 EXISTS
//   S*: a OK $text
//   S!:                                    (the server closes the connection)
//   C+: raw bytes\r\n
//
// `C` and `S` are the client and the server of session 1, `C2` and `S2` of session 2, and so on. `S?` may be missing,
// `S*` passes over the untagged lines before it, `S&` lines may come in any order among each other, `C+` and `S+` are bytes with escapes and no line end of their own.
// `Given` lines are for the suite that plays it. A remark stands in parentheses after four spaces or more.

export type Step =
  | { readonly kind: 'given'; readonly text: string; readonly line: number }
  | { readonly kind: 'say'; readonly session: number; readonly bytes: Uint8Array; readonly line: number }
  /** The connection ends, with nothing more said. */
  | { readonly kind: 'end'; readonly session: number; readonly line: number }
  | { readonly kind: 'hear'; readonly session: number; readonly expect: Expectation; readonly line: number }

export interface Expectation {
  readonly pattern: string
  /** One line, or bytes as they come. */
  readonly raw: boolean
  readonly optional: boolean
  /** Untagged lines that are others may come before it. */
  readonly skips: boolean
  readonly anyOrder: boolean
}

export interface Script {
  readonly title: string
  readonly steps: readonly Step[]
}

export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

const stepForm = /^([CS])(\d*)([?&+*!]?):(?: {1,4}|$)(.*)$/
const remark = / {4,}\([^()]*\)\s*$/

/** `# title` begins a conversation, so that one file holds several; what stands before the first is one without a title. */
export function parseScripts(text: string): Script[] {
  const scripts: { title: string; steps: Step[] }[] = []
  let current: { title: string; steps: Step[] } | undefined
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.startsWith('#')) {
      const title = line.replace(/^#+\s*/, '')
      // A second comment line goes on with the title of a conversation that has not begun.
      if (current !== undefined && current.steps.length === 0) current.title = `${current.title} ${title}`.trim()
      else {
        current = { title, steps: [] }
        scripts.push(current)
      }
      return
    }
    if (line.trim() === '') return
    if (current === undefined) {
      current = { title: '', steps: [] }
      scripts.push(current)
    }
    current.steps.push(parseStep(line, i + 1))
  })
  return scripts.filter(({ steps }) => steps.length > 0)
}

function parseStep(text: string, line: number): Step {
  if (/^Given\s/.test(text)) return { kind: 'given', text: text.slice(6).trim(), line }
  const found = stepForm.exec(text)
  if (found === null) throw new ScriptError(`line ${line} is no step: ${text}`)
  const [, side, number, mark] = found as unknown as [string, string, string, string]
  const words = (found[4] as string).replace(remark, '')
  const session = number === '' ? 1 : Number(number)
  if (side === 'C') {
    if (mark !== '' && mark !== '+') throw new ScriptError(`line ${line}: a client says a line or does not`)
    return { kind: 'say', session, bytes: latin1(mark === '+' ? unescape_(words, line) : `${words}\r\n`), line }
  }
  if (mark === '!') {
    if (words.trim() !== '') throw new ScriptError(`line ${line}: an end says nothing`)
    return { kind: 'end', session, line }
  }
  const raw = mark === '+'
  const pattern = raw ? unescape_(words, line) : words
  return {
    kind: 'hear',
    session,
    expect: { pattern, raw, optional: mark === '?', skips: mark === '*', anyOrder: mark === '&' },
    line,
  }
}

function unescape_(text: string, line: number): string {
  return text.replace(/\\(r|n|t|\\|x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code === 'r') return '\r'
    if (code === 'n') return '\n'
    if (code === 't') return '\t'
    if (code === '\\') return '\\'
    if (code.startsWith('x') && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    throw new ScriptError(`line ${line}: no such escape: \\${code}`)
  })
}

/** Scripts are written in Latin-1's first half and escapes; anything beyond is meant as UTF-8. */
function latin1(text: string): Uint8Array {
  return /^[\0-\xff]*$/.test(text) && /[\x80-\xff]/.test(text)
    ? Uint8Array.from(text, (c) => c.charCodeAt(0))
    : new TextEncoder().encode(text)
}
