// The IMAP grammar of ENVELOPE and BODYSTRUCTURE (RFC 9051 §9, RFC 3501 §9), strict: what a client with a parser made from the ABNF
// accepts. Every test that has an answer runs it through here. Answers are JavaScript strings; `form` says what may be in them.

export type Form = '7bit' | 'utf8'

export interface BodyNode {
  type: string
  subtype: string
  octets: number
  children: BodyNode[]
}

export function checkEnvelope(text: string, form: Form): void {
  const reader = new GrammarReader(text, form)
  reader.envelope()
  reader.end()
}

/** @returns the tree, so that its numbers can be compared with the parser's own */
export function checkBody(text: string, form: Form, extended: boolean): BodyNode {
  const reader = new GrammarReader(text, form)
  const node = reader.body(extended)
  reader.end()
  return node
}

class GrammarReader {
  private at = 0
  private readonly text: string
  private readonly form: Form

  constructor(text: string, form: Form) {
    this.text = text
    this.form = form
  }

  end(): void {
    if (this.at !== this.text.length) this.fail('the end')
  }

  // envelope = "(" env-date SP env-subject SP env-from SP … SP env-in-reply-to SP env-message-id ")"
  envelope(): void {
    this.take('(')
    this.nstring()
    this.sp()
    this.nstring()
    for (let i = 0; i < 6; i++) {
      this.sp()
      this.addresses()
    }
    this.sp()
    this.nstring()
    this.sp()
    this.nstring()
    this.take(')')
  }

  // env-from = "(" 1*address ")" / nil ; groups begin and end in pairs
  private addresses(): void {
    if (this.nil()) return
    this.take('(')
    let inGroup = false
    do {
      this.take('(')
      this.nstring()
      this.sp()
      this.nstring()
      this.sp()
      const mailbox = this.nstring()
      this.sp()
      const host = this.nstring()
      this.take(')')
      if (host === undefined) {
        if ((mailbox !== undefined) === inGroup) this.fail('groups in pairs')
        inGroup = !inGroup
      } else if (mailbox === undefined) this.fail('a mailbox where there is a host')
    } while (this.text[this.at] === '(')
    if (inGroup) this.fail("the group's end")
    this.take(')')
  }

  // body = "(" (body-type-1part / body-type-mpart) ")"
  body(extended: boolean): BodyNode {
    this.take('(')
    const node = this.text[this.at] === '(' ? this.multipart(extended) : this.single(extended)
    this.take(')')
    return node
  }

  // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
  private multipart(extended: boolean): BodyNode {
    const children: BodyNode[] = []
    while (this.text[this.at] === '(') children.push(this.body(extended))
    this.sp()
    const subtype = this.string()
    if (extended) {
      this.sp()
      this.parameters()
      this.commonExtension()
    }
    return { type: 'MULTIPART', subtype, octets: 0, children }
  }

  // body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
  private single(extended: boolean): BodyNode {
    const type = this.string()
    this.sp()
    const subtype = this.string()
    this.sp()
    this.parameters()
    this.sp()
    this.nstring()
    this.sp()
    this.nstring()
    this.sp()
    if (this.string() === '') this.fail('an encoding')
    this.sp()
    const octets = this.number()
    const children: BodyNode[] = []
    if (type === '' || type !== type.toUpperCase()) this.fail('a media type in upper case')
    if (type === 'TEXT') {
      this.sp()
      this.number()
    } else if (type === 'MESSAGE' && (subtype === 'RFC822' || (subtype === 'GLOBAL' && this.form === 'utf8'))) {
      this.sp()
      this.envelope()
      this.sp()
      children.push(this.body(extended))
      this.sp()
      this.number()
    } else if (type === 'MULTIPART') this.fail('parts in a multipart')
    if (extended) {
      this.sp()
      this.nstring()
      this.commonExtension()
    }
    return { type, subtype, octets, children }
  }

  // SP body-fld-dsp SP body-fld-lang SP body-fld-loc
  private commonExtension(): void {
    this.sp()
    if (!this.nil()) {
      this.take('(')
      this.string()
      this.sp()
      this.parameters()
      this.take(')')
    }
    this.sp()
    if (this.text[this.at] === '(') {
      this.take('(')
      this.string()
      while (this.text[this.at] === ' ') {
        this.sp()
        this.string()
      }
      this.take(')')
    } else this.nstring()
    this.sp()
    this.nstring()
  }

  // body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
  private parameters(): void {
    if (this.nil()) return
    this.take('(')
    for (;;) {
      this.string()
      this.sp()
      this.string()
      if (this.text[this.at] !== ' ') break
      this.sp()
    }
    this.take(')')
  }

  private nstring(): string | undefined {
    return this.nil() ? undefined : this.string()
  }

  private nil(): boolean {
    if (!this.text.startsWith('NIL', this.at)) return false
    this.at += 3
    return true
  }

  // quoted = DQUOTE *QUOTED-CHAR DQUOTE ; no literal is expected
  private string(): string {
    this.take('"')
    let value = ''
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (Number.isNaN(code) || code === 0 || code === 10 || code === 13) this.fail('a quoted character')
      if (code > 127 && this.form === '7bit') this.fail('7-bit text')
      if ((code & 0xf800) === 0xd800) this.surrogatePair()
      if (code === 0x22) break
      if (code === 0x5c) {
        this.at++
        if (!'"\\'.includes(this.text[this.at] ?? 'x')) this.fail('a quoted special')
      }
      value += this.text[this.at++]
    }
    this.take('"')
    return value
  }

  private surrogatePair(): void {
    const whole = /^[\ud800-\udbff][\udc00-\udfff]$/.test(this.text.slice(this.at, this.at + 2))
    const second = /^[\ud800-\udbff][\udc00-\udfff]$/.test(this.text.slice(this.at - 1, this.at + 1))
    if (!whole && !second) this.fail('text that has a UTF-8 form')
  }

  private number(): number {
    const start = this.at
    while (/[0-9]/.test(this.text[this.at] ?? '')) this.at++
    if (this.at === start) this.fail('a number')
    return Number(this.text.slice(start, this.at))
  }

  private sp(): void {
    this.take(' ')
  }

  private take(mark: string): void {
    if (this.text[this.at] !== mark) this.fail(`'${mark}'`)
    this.at++
  }

  private fail(expected: string): never {
    throw new Error(`${expected} expected at ${this.at}: …${this.text.slice(Math.max(0, this.at - 60), this.at + 60)}`)
  }
}
