// Stores the one text, or both at once.
import type { Body } from './body.js'
import { GivenUp, twoTexts } from './two-texts.js'

export type Stage<Staged> = (text: AsyncIterable<Uint8Array>) => Promise<Staged>

export interface Headers {
  readonly wire: Buffer
  /** Where the text that's kept in Sent is another one. */
  readonly sentCopy: Buffer | undefined
}

export interface StagedTexts<Staged> {
  readonly wire: Staged
  readonly sentCopy: Staged | undefined
}

export async function stageTexts<Staged>(
  { headers, body }: { headers: Headers; body: Body },
  stage: Stage<Staged>,
): Promise<StagedTexts<Staged>> {
  if (headers.sentCopy === undefined) return { wire: await stage(body.behind(headers.wire)), sentCopy: undefined }
  const texts = twoTexts(() => body.next(), { first: headers.wire, second: headers.sentCopy })
  const [wire, sentCopy] = await Promise.allSettled([stage(texts.first), stage(texts.second)])
  if (wire.status === 'fulfilled' && sentCopy.status === 'fulfilled')
    return { wire: wire.value, sentCopy: sentCopy.value }
  const reasons = [wire, sentCopy].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  throw reasons.find((reason) => !(reason instanceof GivenUp)) ?? reasons[0]
}
