// The paths of receiving over HTTP, as routes for the HTTP port: a gateway mounts them beside its health, an API server beside its own.
// Every post is counted while it's under way, answered once, and noted in log and metrics without its text.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientAddress, type Route, sendJson, writeJson } from '@postern/service'
import { ClientGone, MemoryBudget } from '@postern/smtp'
import { mailgunPost } from './adapters/mailgun.js'
import { postmarkPost } from './adapters/postmark.js'
import { sendgridPost } from './adapters/sendgrid.js'
import { sesPost } from './adapters/ses.js'
import { SnsCertificates } from './adapters/sns-certificates.js'
import { type Answer, errorAnswer, ingestErrorOf, type Status } from './answer.js'
import type { IngestContext } from './context.js'
import { heldBytesMax, unreadBytesMax } from './limits.js'
import type { Post } from './post.js'
import { Posts } from './posts.js'
import { Unproven } from './proof.js'
import { signedPost } from './signed-post.js'
import { Turns } from './turns.js'

type Provider = 'http' | 'cloudflare' | 'ses' | 'mailgun' | 'postmark' | 'sendgrid'

interface Handler {
  readonly provider: Provider
  readonly path: string
  /** What the provider takes for "don't come again". */
  readonly refusedAs?: Status
  readonly take: (post: Post) => Promise<Answer>
}

/** @param context undefined until everything is up: then posts are asked to come again */
export function ingestRoutes(context: () => IngestContext): Route[] {
  const shared = { turns: new Turns(), budget: new MemoryBudget(heldBytesMax) }
  const posts = new Posts()
  const certificates = new SnsCertificates(() => context())
  const handlers: readonly Handler[] = [
    { provider: 'http', path: '/v1/ingest', take: signedPost('http') },
    { provider: 'cloudflare', path: '/v1/ingest/cloudflare', take: signedPost('cloudflare') },
    { provider: 'ses', path: '/v1/ingest/ses/*', take: sesPost(certificates) },
    { provider: 'mailgun', path: '/v1/ingest/mailgun/*', refusedAs: 406, take: mailgunPost },
    { provider: 'postmark', path: '/v1/ingest/postmark/*', refusedAs: 403, take: postmarkPost },
    { provider: 'sendgrid', path: '/v1/ingest/sendgrid/*', take: sendgridPost },
  ]
  return handlers.map(({ path, ...handler }) => ({
    path,
    methods: ['POST'],
    handle: (request, response) =>
      answered(handler, {
        request,
        response,
        posts,
        post: { ...shared, ...from(request, context()), rest: restOf(request, path) },
      }),
  }))
}

const from = (request: IncomingMessage, context: IngestContext) => ({
  ...{ request, context },
  clientAddress: clientAddress(request, context.proxies) || undefined,
})

/** `/v1/ingest/ses/ing_1` is `ing_1` for `/v1/ingest/ses/*`. */
function restOf({ url = '' }: IncomingMessage, path: string): string {
  return (url.split(/[?#]/, 1)[0] as string).slice(path.length - 1)
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly posts: Posts
  readonly post: Post
}

async function answered(
  { provider, take, refusedAs = 422 }: Omit<Handler, 'path'>,
  { request, response, posts, post }: Exchange,
): Promise<void> {
  const { logger, metrics, clock } = post.context.inbound
  const begun = clock()
  const note = (status: number | 'gone', more: object = {}): void => {
    metrics.ingestPosts.inc({ provider, outcome: String(status) })
    logger.info({ provider, status, from: post.clientAddress, ms: clock() - begun, ...more }, 'ingest post')
  }
  try {
    const end = posts.begin(post.clientAddress ?? '')
    const answer = await take(post).finally(end)
    note(answer.status)
    send(answer, { request, response })
  } catch (error) {
    if (error instanceof ClientGone) return note('gone')
    const known = ingestErrorOf(error)
    if (known === undefined) {
      note(500)
      throw error
    }
    const answer = errorAnswer(known, { refusedAs })
    note(answer.status, { error: known.name, ...(known instanceof Unproven && { cause: known.cause }) })
    send(answer, { request, response })
  }
}

/** Who is answered early and goes on sending is read a while, and the connection kept: else the answer would be lost on its way. */
function send(
  { status, body, retryAfterS }: Answer,
  { request, response }: Pick<Exchange, 'request' | 'response'>,
): void {
  if (response.destroyed) return
  if (retryAfterS !== undefined) response.setHeader('retry-after', String(retryAfterS))
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="Postern ingest", charset="UTF-8"')
  if (request.complete) {
    sendJson(response, status, body)
    return
  }
  let unread = 0
  request.on('data', (piece: Buffer) => {
    unread += piece.length
    if (unread > unreadBytesMax) request.destroy()
  })
  request.on('error', () => undefined)
  request.once('close', () => response.end())
  request.once('end', () => response.end())
  writeJson(response, status, body)
}
