/** The shape of every error over HTTP (contract G4): `{error:{name, code, message, fix, docs}}`. */
import type { ServerResponse } from 'node:http'

/** Served by this process. */
const docsPath = '/docs/errors'

export function sendError(response: ServerResponse, code: number, name: string, message: string, fix: string): void {
  sendJson(response, code, { error: { name, code, message, fix, docs: `${docsPath}#${name}` } })
}

export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  writeJson(response, code, body)
  response.end()
}

/** All of it, but for the end: a connection that isn't kept open closes with that. */
export function writeJson(response: ServerResponse, code: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(code, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.write(text)
}
