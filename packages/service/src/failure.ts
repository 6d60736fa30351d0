/**
 * What is refused for a reason that the operator can mend: a name that docs/errors.md explains, what is wrong, and what to do.
 * It's told without a stack; any other error is a bug.
 */
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
