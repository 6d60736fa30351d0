// What this app uses of mx-connect, which brings no types of its own.

declare module 'mx-connect' {
  import type { Socket } from 'node:net'

  type Done = (error: Error | null, addresses?: readonly string[]) => void

  interface MxConnectOptions {
    readonly target: string
    readonly port: number
    readonly mx: readonly { readonly exchange: string; readonly priority: number }[]
    readonly ignoreMXHosts: readonly string[]
    readonly maxConnectTime: number
    readonly dnsOptions: {
      readonly resolve: (name: string, ...typeAndDone: readonly ['AAAA', Done] | readonly [Done]) => void
    }
  }

  interface MxConnection {
    readonly socket: Socket
    readonly hostname: string
    /** The address. */
    readonly host: string
  }

  function mxConnect(options: MxConnectOptions): Promise<MxConnection>
  export = mxConnect
}
