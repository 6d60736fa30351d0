// A post to the sink of an inbox's rule, signed as those of a domain that keeps no mail. Its id is the queue's, the same at each try, by which
// the sink knows one that it has taken and whose answer was lost. Whatever it answers but a 2xx, it's tried again.

import { isTaken, type Sink, signedPost } from '@postern/sink'
import { all, type Carrier, type OpenedMessage } from './carrying.js'
import { first, type RelayLoad } from './loads.js'
import type { Sent } from './transport.js'

interface Posting {
  readonly sink: Sink
  readonly opened: OpenedMessage
  readonly posting: Pick<Carrier, 'sinks' | 'clock'>
}

export async function post(load: RelayLoad, { sink, opened, posting }: Posting): Promise<readonly Sent[]> {
  const { queueId: id, sender } = first(load)
  const { sinks, clock } = posting
  if (sinks === undefined) return all(load, { kind: 'deferred', text: 'This relay posts to no sinks' })
  const body = (): AsyncIterable<Uint8Array> => opened.content.stream()
  const posted = { id, sender, recipients: load.rows.map(({ recipient }) => recipient), at: clock() }
  try {
    const status = await sinks.post(sink.url, { ...(await signedPost(body(), { posted, secret: sink.secret })), body })
    const said = { remote: new URL(sink.url).host, code: String(status) }
    return isTaken(status)
      ? all(load, { kind: 'delivered', relaysDsn: true, text: 'The sink has taken it', ...said })
      : all(load, { kind: 'deferred', text: 'The sink did not take it', ...said })
  } catch (error) {
    return all(load, {
      kind: 'deferred',
      text: `The sink was not reached: ${error instanceof Error ? error.message : ''}`,
    })
  }
}
