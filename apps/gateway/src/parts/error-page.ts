// Serves docs/errors.md, which every error over HTTP points to.

import { readFile } from 'node:fs/promises'
import type { Route } from '@postern/service'

const page = new URL('../../../../docs/errors.md', import.meta.url)

export const errorPage: Route = {
  path: '/docs/errors',
  methods: ['GET'],
  async handle(_request, response) {
    const text = await readFile(page)
    response.writeHead(200, { 'content-type': 'text/markdown; charset=utf-8', 'content-length': text.length }).end(text)
  },
}
