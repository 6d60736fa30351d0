// An IMAP server with the oddities of others, as few commands as an import asks: mailboxes and messages as they're given, labels as
// Gmail has them, a login by XOAUTH2 alone, messages that it can't read, and answers that ask for patience.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export interface OddMessage {
  readonly text: string
  readonly labels?: string
  /** It's refused with these words, whenever it's asked for. */
  readonly refusal?: string
}

export interface OddServer {
  /** By name; with the attributes of its LIST. */
  readonly mailboxes: Readonly<
    Record<string, { readonly attributes: string; readonly messages: readonly OddMessage[] }>
  >
  readonly capabilities?: string
  readonly token?: string
  /** So many FETCHes of texts are answered with a NO that passes. */
  readonly impatient?: number
}

export interface OddServing {
  readonly port: number
  /** Every command that came. */
  readonly heard: string[]
}

export async function oddImapServer(odd: OddServer): Promise<OddServing> {
  const heard: string[] = []
  const state = { refusalsLeft: odd.impatient ?? 0 }
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => undefined)
    socket.write(`* OK [CAPABILITY ${capabilities(odd)}] here\r\n`)
    let open: readonly OddMessage[] = []
    createInterface({ input: socket }).on('line', (line) => {
      heard.push(line)
      const [tag = '', ...rest] = line.split(' ')
      const words = rest.join(' ')
      const selected = /^(?:EXAMINE|SELECT) "?([^"]*)"?/.exec(words)
      if (selected !== null) open = odd.mailboxes[selected[1] as string]?.messages ?? []
      answer(socket, { tag, words, open, odd, state })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, heard }
}

const capabilities = ({ capabilities: more = '', token }: OddServer): string =>
  ['IMAP4rev1', token === undefined ? '' : 'AUTH=XOAUTH2 SASL-IR LOGINDISABLED', more]
    .filter((word) => word !== '')
    .join(' ')

interface Asked {
  readonly tag: string
  readonly words: string
  readonly open: readonly OddMessage[]
  readonly odd: OddServer
  readonly state: { refusalsLeft: number }
}

function answer(socket: Socket, asked: Asked): void {
  const { tag, words, odd, open, state } = asked
  const say = (...lines: string[]): void => void socket.write(lines.map((line) => `${line}\r\n`).join(''))
  if (/^AUTHENTICATE XOAUTH2 /.test(words)) {
    const response = Buffer.from(words.split(' ')[2] ?? '', 'base64').toString()
    say(response.includes(`auth=Bearer ${odd.token}\u0001`) ? `${tag} OK in` : `${tag} NO [AUTHENTICATIONFAILED] no`)
  } else if (/^LIST "" \*|^LIST "" "\*"/.test(words) || /^(?:X)?LIST /.test(words)) {
    const lists = Object.entries(odd.mailboxes).map(([name, { attributes }]) => `* LIST (${attributes}) "/" "${name}"`)
    say(...(/"" ""$/.test(words) ? ['* LIST (\\Noselect) "/" ""'] : lists), `${tag} OK`)
  } else if (/^(?:EXAMINE|SELECT) /.test(words))
    say(
      `* ${open.length} EXISTS`,
      '* OK [UIDVALIDITY 5] v',
      `* OK [UIDNEXT ${open.length + 1}] n`,
      `${tag} OK [READ-ONLY] open`,
    )
  else if (/^UID SEARCH /.test(words)) say(`* SEARCH ${open.map((_, i) => i + 1).join(' ')}`, `${tag} OK`)
  else if (/^UID FETCH /.test(words)) fetchAnswer(say, { ...asked, state })
  else if (/^LOGOUT/.test(words)) say('* BYE', `${tag} OK`)
  else say(`${tag} OK`)
}

function fetchAnswer(say: (...lines: string[]) => void, { tag, words, open, state }: Asked): void {
  const uids = uidsOf(words.split(' ')[2] as string, open.length)
  const wantsText = words.includes('BODY.PEEK')
  if (wantsText && state.refusalsLeft > 0) {
    state.refusalsLeft--
    say(`${tag} NO [UNAVAILABLE] Too many requests, try again`)
    return
  }
  const refused = wantsText ? uids.find((uid) => open[uid - 1]?.refusal !== undefined) : undefined
  if (refused !== undefined) {
    say(`${tag} NO ${open[refused - 1]?.refusal}`)
    return
  }
  const lines = uids.map((uid) => {
    const { text, labels = '' } = open[uid - 1] as OddMessage
    const size = Buffer.byteLength(text)
    const about = `UID ${uid} FLAGS (\\Seen \\Odd) INTERNALDATE "01-Jan-2020 10:00:00 +0000" RFC822.SIZE ${size} X-GM-LABELS (${labels})`
    return wantsText ? `* ${uid} FETCH (UID ${uid} BODY[] {${size}}\r\n${text})` : `* ${uid} FETCH (${about})`
  })
  say(...lines, `${tag} OK`)
}

function uidsOf(set: string, last: number): number[] {
  return set.split(',').flatMap((range) => {
    const [from, to = from] = range.split(':').map(Number) as [number, number]
    return Array.from({ length: Math.min(to, last) - from + 1 }, (_, i) => from + i)
  })
}
