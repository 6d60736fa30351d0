/** Why a port couldn't be had, and what to set. */
import { Failure } from '../failure.js'

export function listenError(
  listener: { readonly name: string; readonly host: string; readonly port: number; readonly portSetting: string },
  error: NodeJS.ErrnoException,
): Failure {
  const { code = error.message } = error
  const [reason, fix] = reasonOf(code, listener.portSetting)
  const message = `${listener.name} can't listen on ${listener.host} port ${listener.port}: ${reason}.`
  if (code === 'EADDRINUSE') return new Failure('port_in_use', message, { fix, cause: error })
  return new Failure('port_unusable', message, { fix, cause: error })
}

function reasonOf(code: string, portSetting: string): [reason: string, fix: string] {
  switch (code) {
    case 'EADDRINUSE':
      return ['another program uses it', `Set ${portSetting} to another port (0 = any free one), or stop that program.`]
    case 'EACCES':
      return [
        'ports below 1024 need a privilege',
        `Set ${portSetting} to 1024 or above, or grant CAP_NET_BIND_SERVICE.`,
      ]
    case 'EADDRNOTAVAIL':
      return ['this machine has no such address', 'Set POSTERN_BIND to one it has, or to 0.0.0.0.']
    default:
      return [code, `Check ${portSetting} and POSTERN_BIND.`]
  }
}
