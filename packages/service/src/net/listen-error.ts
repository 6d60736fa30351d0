/** Why a port couldn't be had, as one sentence that says what to set. */

export function listenError(
  listener: { readonly name: string; readonly host: string; readonly port: number; readonly portSetting: string },
  error: NodeJS.ErrnoException,
): Error {
  const reason = reasonOf(error.code ?? error.message, listener.portSetting)
  return new Error(`${listener.name} can't listen on ${listener.host} port ${listener.port}: ${reason}`, {
    cause: error,
  })
}

function reasonOf(code: string, portSetting: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program uses it. Set ${portSetting} to another port (0 = any free one), or stop that program.`
    case 'EACCES':
      return `ports below 1024 need a privilege. Set ${portSetting} to 1024 or above, or grant CAP_NET_BIND_SERVICE.`
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address. Set POSTERN_BIND to one it has, or to 0.0.0.0.'
    default:
      return `${code}. Check ${portSetting} and POSTERN_BIND.`
  }
}
