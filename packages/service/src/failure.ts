// What the gateway itself says no to, in the words of the error page: a name, what is wrong, and what to do.

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly failure: string
  readonly fix: string
  constructor(failure: string, message: string, options: { readonly fix: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.failure = failure
    this.fix = options.fix
  }
}
