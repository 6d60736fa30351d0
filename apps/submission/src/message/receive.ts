// The DATA stream on its way in: the header is read and judged (policies/header-policies.ts), then what's to be stored comes out as
// one or two streams, the text that's sent and, where it has a Bcc, the text that's kept in Sent. Refusals are thrown; those that
// the body brings make the storing fail, so that nothing is left of it. Either way the data was read to its end by then.
// RFC 6409 §8 says what a submission server may change.

import { isAscii } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type Address, type BodyKind, parseAddress } from '@postern/mailbox-store'
import {
  behindHeader,
  editedHeader,
  enforce,
  type Header,
  type HoldOptions,
  holdText,
  Intake,
  LineCheck,
  type MailText,
  mediaType,
  needsSmtpUtf8,
  readHeader,
  readHeaderBlock,
} from '@postern/smtp'
import { headerPolicies, originatorPolicies } from '../policies/header-policies.js'
import { Body } from './body.js'
import { changesOf } from './changes.js'
import { LineMend } from './line-mend.js'
import { LineWrap } from './line-wrap.js'
import { mendedHeader } from './mended-header.js'
import type { MessageFacts } from './message-facts.js'
import { type Originator, originatorsOf } from './originators.js'
import { type Authorship, authorsOf, rewrittenFrom } from './rewritten-from.js'
import { type Stage, type StagedTexts, stageTexts } from './stage-texts.js'

export interface ReceivedMessage {
  /** As it's kept in Sent, for who looks for the same message there. */
  readonly header: Buffer
  /** With its angle brackets: the client's, or the one it was given. */
  readonly messageId: string
  /** The Message-ID is the client's. */
  readonly namesItself: boolean
  /** Every address of From, as the directory spells it. */
  readonly from: readonly Address[]
  /** Hands each text to `stage` as a stream, both at once; the one for Sent only where it's wanted. Once for a message. */
  stage<Staged>(stage: Stage<Staged>, wants: { sentCopy: boolean }): Promise<StagedTexts<Staged> & Measured>
  /** In the place of `stage`, where texts are made of it that can't be made as it comes. */
  hold(options: HoldOptions): Promise<HeldMessage>
  /** What is left of the data is read and not kept. */
  drop(): Promise<void>
}

export interface HeldMessage extends Measured {
  readonly wire: MailText
  /** The same one, where there's no Bcc. */
  readonly sentCopy: MailText
  readonly sizeBytes: number
  /** Lets go of file and memory. */
  drop(): Promise<void>
}

export interface Measured {
  readonly body: BodyKind
  /** How many bytes the client has sent, and their SHA-256. */
  readonly bytes: number
  readonly digest: Buffer
}

export async function receiveMessage(source: AsyncIterable<Uint8Array>, facts: MessageFacts): Promise<ReceivedMessage> {
  const mends = facts.malformed === 'mend'
  const hash = createHash('sha256')
  const intake = new Intake(source, { bytesMax: facts.bytesMax, lines: mends ? new LineMend() : new LineCheck(), hash })
  return toTheEnd(intake, async () => {
    const given = await readHeaderBlock(() => intake.next())
    const block = mends ? mendedHeader(given, facts) : given
    const header = readHeader(block.header)
    const originators = originatorsOf(header)
    const authorship = await judged(header, { originators, facts })
    const { wire, sentCopy, messageId, namesItself } = changesOf(header, { authorship, facts })
    const headers = { wire: editedHeader(header, wire), sentCopy: sentCopy && editedHeader(header, sentCopy) }
    const wrap = mends ? new LineWrap({ signed: mediaType(header) === 'multipart/signed' }) : undefined
    const body = new Body(intake, { rest: block.rest, wrap })
    const measured = (): Measured => ({
      body: bodyKind(headers.wire, { body, facts }),
      bytes: intake.bytes,
      digest: hash.copy().digest(),
    })
    return {
      header: headers.sentCopy ?? headers.wire,
      messageId,
      namesItself,
      from: authorship.from,
      async stage(stage, wants) {
        const wanted = { wire: headers.wire, sentCopy: wants.sentCopy ? headers.sentCopy : undefined }
        const texts = await toTheEnd(intake, () => stageTexts({ headers: wanted, body }, stage))
        return { ...texts, ...measured() }
      },
      async hold(options) {
        const next = (): Promise<Buffer | undefined> => body.next()
        const held = await toTheEnd(intake, () => holdText({ header: headers.wire, next }, options))
        const texts = { wire: held, sentCopy: headers.sentCopy ? behindHeader(headers.sentCopy, held) : held }
        return { ...texts, ...measured(), sizeBytes: held.sizeBytes, drop: () => held.drop() }
      },
      drop: () => intake.drop(),
    }
  })
}

interface Judged {
  readonly originators: readonly Originator[]
  readonly facts: MessageFacts
}

async function judged(header: Header, { originators, facts }: Judged): Promise<Authorship> {
  const { smtpUtf8, trace, ownAddress } = facts
  const covered = await coveredOf(originators, facts)
  const asked = { header, originators, covered, smtpUtf8, hostname: trace.hostname }
  enforce(headerPolicies, asked)
  if (ownAddress !== undefined) return rewrittenFrom(header, { originators, covered, own: parseAddress(ownAddress) })
  enforce(originatorPolicies, asked)
  const from = originators.find(({ name }) => name === 'from') as Originator
  return { onTop: '', edits: [], from: authorsOf(from) }
}

async function coveredOf(originators: readonly Originator[], { maySend }: MessageFacts): Promise<ReadonlySet<string>> {
  const covered = new Set<string>()
  const addresses = new Map(originators.flatMap((each) => each.addresses).map((each) => [each.address, each]))
  for (const [spelled, address] of addresses) if (await maySend(address)) covered.add(spelled)
  return covered
}

/** Whatever went wrong, the client hears of it when it has sent all. */
async function toTheEnd<Result>(intake: Intake, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await intake.drop()
    throw error
  }
}

/** SMTPUTF8 is asked of the next server only where the text or its envelope needs it; 8-bit text is 8-bit whatever BODY has said. */
function bodyKind(header: Buffer, { body, facts }: { body: Body; facts: MessageFacts }): BodyKind {
  if (!isAscii(header) || [facts.sender, ...facts.recipients].some(needsSmtpUtf8)) return 'smtputf8'
  return body.eightBit ? '8bitmime' : '7bit'
}
