// What a message is received with in tests: a login of ada@example.org, who may send as that and as anything at team.example.org.
import { parseAddress } from '@postern/mailbox-store'
import type { MessageFacts } from '../src/message/message-facts.js'
import { type ReceivedMessage, receiveMessage } from '../src/message/receive.js'

export const facts: MessageFacts = {
  sender: 'ada@example.org',
  recipients: ['bob@example.net', 'eve@example.net'],
  smtpUtf8: false,
  bytesMax: 1_000_000,
  maySend: async ({ address, domain }) => address === 'ada@example.org' || domain === 'team.example.org',
  trace: {
    hostname: 'mail.example.org',
    queueId: 'Q1',
    helo: 'laptop.example.org',
    clientAddress: '192.0.2.7',
    showClientAddress: false,
    secured: true,
  },
  clock: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  random: (bytes) => new Uint8Array(bytes).fill(7),
}

export const parsed = parseAddress

/** What's put on top of a message that lacks nothing. */
export const received =
  'Received: from laptop.example.org\r\n by mail.example.org with ESMTPSA id Q1;\r\n Fri, 2 Jan 2026 03:04:05 +0000\r\n'

/** A header that lacks nothing. */
export const complete =
  'From: ada@example.org\r\nDate: Fri, 2 Jan 2026 03:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n'

export async function* pieces(bytes: Uint8Array, size = bytes.length): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function whole(text: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const piece of text) found.push(Buffer.from(piece))
  return Buffer.concat(found)
}

export interface Taken {
  readonly message: ReceivedMessage
  readonly wire: string
  readonly sentCopy: string | undefined
  readonly body: string
}

/** As one character for each byte. */
export async function take(
  message: string | Uint8Array,
  { pieceBytes, ...changed }: Partial<MessageFacts> & { pieceBytes?: number } = {},
): Promise<Taken> {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
  const taken = await receiveMessage(pieces(bytes, pieceBytes ?? bytes.length), { ...facts, ...changed })
  const { wire, sentCopy, body } = await taken.stage(whole, { sentCopy: true })
  return { message: taken, wire: wire.toString('latin1'), sentCopy: sentCopy?.toString('latin1'), body }
}

/** What the client hears. */
export async function refused(...asked: Parameters<typeof take>): Promise<string> {
  try {
    await take(...asked)
    return 'accepted'
  } catch (error) {
    if (error instanceof Error && error.name === 'SmtpError') return error.message
    throw error
  }
}
