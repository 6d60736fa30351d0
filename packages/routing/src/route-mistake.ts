/** What is wrong with the text of a route, and what to write instead; never with a piece of the text, which may hold a secret. */
export class RouteMistake extends Error {
  override readonly name = 'RouteMistake'
  /** The end of a sentence that begins with where the route stands: "POSTERN_ROUTE …". */
  readonly wrong: string
  /** A sentence. */
  readonly fix: string

  constructor(wrong: string, fix: string) {
    super(`${wrong}. ${fix}`)
    this.wrong = wrong
    this.fix = fix
  }
}
