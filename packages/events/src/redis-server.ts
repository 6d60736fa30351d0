/**
 * Where Redis is: one server, the sentinels that know which server it is now, or some nodes of a cluster. The gateway reads it
 * from POSTERN_REDIS_URL. It holds a password: only `showRedisServer` may go into a log.
 */
export interface HostAndPort {
  readonly host: string
  readonly port: number
}

interface RedisAccess {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
}

export type RedisServer = RedisAccess &
  (
    | { readonly kind: 'single'; readonly at: HostAndPort; readonly db: number }
    | {
        readonly kind: 'sentinel'
        readonly sentinels: readonly HostAndPort[]
        /** What the sentinels call the server. */
        readonly name: string
        readonly sentinelPassword: string | undefined
        readonly db: number
      }
    | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[] }
  )

/** For logs: no user, no password. */
export function showRedisServer(server: RedisServer): string {
  const scheme = server.tls ? 'rediss' : 'redis'
  switch (server.kind) {
    case 'single':
      return `${scheme}://${shown([server.at])}/${server.db}`
    case 'sentinel':
      return `${scheme}+sentinel://${shown(server.sentinels)}/${server.name}/${server.db}`
    case 'cluster':
      return `${scheme}+cluster://${shown(server.nodes)}`
  }
}

const shown = (all: readonly HostAndPort[]): string =>
  all.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
