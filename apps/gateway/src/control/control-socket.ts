// The control socket of a process: a file beside the one that says that it runs, by which commands on this machine ask it, and how they
// do. One question is one POST of JSON over HTTP. Only the user of the gateway may open it.

import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { sendError, sendJson } from '@postern/service'
import type { Logger } from '@postern/telemetry'
import type { Answer, Question } from './questions.js'
import { shortPath } from './socket-path.js'

export interface ControlSocket {
  close(): Promise<void>
}

export interface ControlSocketOptions {
  readonly path: string
  readonly answer: (question: unknown) => Answer | undefined
  readonly logger: Logger
}

const socketMode = 0o600
const questionBytesMax = 65_536
const answerBytesMax = 4_194_304
const requestTimeoutMs = 5_000

/** Its folder is there, and nobody else's. */
export async function openControlSocket({ path, answer, logger }: ControlSocketOptions): Promise<ControlSocket> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (asked, response) => {
    reply(asked, response, answer).catch((err: unknown) => {
      logger.warn({ err }, 'a question was not answered')
      if (response.headersSent) response.destroy()
      else sendError(response, 400, 'bug', 'The question was not understood.', 'Use commands of the same version.')
    })
  })
  const short = await shortPath(path)
  try {
    await rm(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(short.path, resolve)
    })
    await chmod(path, socketMode)
  } catch (error) {
    await short.done()
    throw error
  }
  server.on('error', (err) => logger.error({ err }, 'control socket failed'))
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await short.done()
    },
  }
}

async function reply(
  asked: IncomingMessage,
  response: ServerResponse,
  answer: ControlSocketOptions['answer'],
): Promise<void> {
  if (Number(asked.headers['content-length'] ?? Number.POSITIVE_INFINITY) > questionBytesMax)
    throw new Error('a question without a length, or too long')
  const said = answer(await json(asked))
  if (said === undefined) throw new Error('no question')
  sendJson(response, 200, said)
}

/** Throws where no answer comes in time. */
export async function askBySocket(
  path: string,
  question: Question,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<Answer> {
  const short = await shortPath(path)
  try {
    return (await post(short.path, JSON.stringify(question), timeoutMs)) as Answer
  } finally {
    await short.done()
  }
}

function post(socketPath: string, body: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const signal = AbortSignal.timeout(timeoutMs)
    const late = (error: Error): void =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error)
    request({ socketPath, method: 'POST', path: '/', headers, signal, agent: false }, (response) => {
      response.on('error', late)
      bounded(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer)
        else reject(new Error(`it answered ${response.statusCode}`))
      }, late)
    })
      .on('error', late)
      .end(body)
  })
}

async function bounded(response: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > answerBytesMax) throw new Error('its answer is too long')
    pieces.push(piece)
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8'))
}
