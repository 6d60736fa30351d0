// What was asked wrongly: it's told with what to do, and the exit code is 2.

export class Usage extends Error {
  override readonly name = 'Usage'
  readonly fix: string
  constructor(message: string, fix: string) {
    super(message)
    this.fix = fix
  }
}
