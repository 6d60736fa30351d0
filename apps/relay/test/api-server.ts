// An HTTP server in a mail service's place: it keeps each request and answers as the test says.

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ApiAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

export type Answering = (asked: Asked) => ApiAnswer | ((response: ServerResponse) => void)

export interface ApiServer {
  readonly endpoint: string
  readonly asked: Asked[]
  readonly sockets: Set<Socket>
}

export async function givenApi(answering: Answering): Promise<ApiServer> {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    request.on('error', () => undefined)
    for await (const piece of request) pieces.push(piece)
    const { method = '', url = '', headers } = request
    const one = { method, path: url, headers, body: Buffer.concat(pieces) }
    asked.push(one)
    const answer = answering(one)
    if (typeof answer === 'function') return answer(response)
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(text)
    return undefined
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, sockets }
}
