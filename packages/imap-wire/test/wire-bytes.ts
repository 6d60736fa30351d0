// Text and bytes as tests write them, and a parser over a command that is written as it stands on the wire: CRLF may stand inside
// it, behind the announcement of a literal.
import { type Command, Framer, Parser, type ParserOptions } from '../src/index.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

export function textOf(data: Uint8Array): string {
  return decoder.decode(data)
}

export function command(text: string): Command {
  const framer = new Framer()
  framer.push(bytes(`${text}\r\n`))
  for (;;) {
    const frame = framer.next()
    if (frame?.kind === 'command') return frame.command
    if (frame?.kind !== 'literal') throw new Error(`not one command: ${text}`)
    framer.hold()
  }
}

export function parserOf(text: string, options?: ParserOptions): Parser {
  return new Parser(command(text), options)
}

/** All of the text is what the rule reads. */
export function parsed<T>(text: string, rule: (p: Parser) => T, options?: ParserOptions): T {
  const p = parserOf(text, options)
  const value = rule(p)
  p.end()
  return value
}
