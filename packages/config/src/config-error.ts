/** Thrown by load(): every mistake in the settings at once, each as a sentence pair that says what's wrong and what to set. */
import type { Mistake } from './settings.js'

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly Mistake[]

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map((mistake) => `  ${mistake.name} ${mistake.wrong}. ${mistake.fix}`)
    super(
      `${mistakes.length === 1 ? 'A setting is wrong' : `${mistakes.length} settings are wrong`}:\n${lines.join('\n')}`,
    )
    this.mistakes = mistakes
  }
}
