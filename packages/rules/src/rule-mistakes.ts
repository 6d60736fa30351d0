// What is wrong with rules that somebody gave, all of it at once, each with its place: `rules[2].if.all[0].subject`.

export interface Mistake {
  readonly at: string
  /** A sentence. */
  readonly wrong: string
}

export class RuleMistakes extends Error {
  override readonly name = 'RuleMistakes'
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ at, wrong }) => `${at}: ${wrong}`).join('\n'))
    this.mistakes = mistakes
  }
}
