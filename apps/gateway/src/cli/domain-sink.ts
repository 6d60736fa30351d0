// `postern domain sink`: where the mail of a domain in mode `zero-retention` is handed over (contract F2). Each URL that's set has a new
// secret, which is shown this once; both are kept sealed.

import { randomBytes } from 'node:crypto'
import type { Config } from '@postern/config'
import { command } from './command.js'
import { withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { domainOf } from './references.js'
import { sealedOf } from './sealing.js'
import { fields } from './table.js'
import { Usage } from './usage.js'

const secretBytes = 32

interface SinkShown {
  readonly id: string
  readonly domain: string
  readonly mode: string
  readonly url: string | null
  /** Of a sink that was set just now. */
  readonly secret: string | null
  readonly warnings: readonly string[]
}

const lines = ({ domain, mode, url, secret, warnings }: SinkShown): string[] => [
  ...fields([
    ['Mail of', domain],
    ['Goes to', url ?? 'nowhere: no sink is set'],
    ['Secret', secret === null ? undefined : `${secret}  (shown this once)`],
  ]),
  ...warnings.flatMap((warning) => ['', `Note: ${warning}`]),
  ...(mode === 'zero-retention'
    ? []
    : ['', `The domain keeps its mail: postern domain update ${domain} --mode zero-retention`]),
]

export const domainSink = command('domain sink', {
  about: 'show or set where its mail is handed over in mode `zero-retention`',
  parameters: [
    ['<domain>', 'its name or id'],
    ['[url]', 'https://…, which makes a new secret; `none` takes it away; without it the URL is shown'],
  ],
  run: ({ env, args: [word, url] }) =>
    withStore(env, async (open): Promise<SinkShown> => {
      const { directory } = open.store
      const domain = await domainOf(directory, word as string)
      const { publicId: id, name, mode } = domain
      const about = { id, domain: name, mode }
      const sealed = await sealedOf(open)
      if (url === undefined) return { ...about, url: sealed.sinkOf(domain)?.url ?? null, secret: null, warnings: [] }
      if (url === 'none') {
        await directory.updateDomain(domain.id, { sink: null, by })
        return { ...about, url: null, secret: null, warnings: [] }
      }
      const { wrongWithUrl } = await import('@postern/sink')
      const wrong = wrongWithUrl(url)
      if (wrong !== undefined) throw new Usage(`The URL ${wrong}.`, 'Give one such as https://hooks.example.net/mail.')
      const secret = `ps_sink_${randomBytes(secretBytes).toString('hex')}`
      await directory.updateDomain(domain.id, { sink: sealed.sealSink({ url, secret }, domain), by })
      return { ...about, url, secret, warnings: await warningsOf(url, open.config) }
    }),
  lines,
})

async function warningsOf(url: string, config: Config): Promise<string[]> {
  const { closedAddressIn } = await import('../sending/sink-client.js')
  const closed = closedAddressIn(url, config)
  if (closed === undefined) return []
  return [`${closed} is no public address: nothing is posted there unless POSTERN_SINK_ALLOW_PRIVATE has its network.`]
}
