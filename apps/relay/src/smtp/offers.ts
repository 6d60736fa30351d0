/** What a server has said in its answer to EHLO (RFC 5321 §4.1.1.1): keywords and their parameters, in capitals. */
export class Offers {
  readonly #parameters: ReadonlyMap<string, string>

  constructor(lines: readonly string[] = []) {
    this.#parameters = new Map(
      lines.map((line) => {
        const [keyword = '', ...parameters] = line
          .trim()
          .toUpperCase()
          .split(/[\s=]+/)
        return [keyword, parameters.join(' ')]
      }),
    )
  }

  has(keyword: string): boolean {
    return this.#parameters.has(keyword)
  }

  /** RFC 1870 §4; undefined where it names none. */
  get sizeMax(): number | undefined {
    const size = Number(this.#parameters.get('SIZE') || 0)
    return size > 0 ? size : undefined
  }

  /** RFC 9422. */
  get recipientsMax(): number | undefined {
    const [, most] = /\bRCPTMAX (\d{1,6})\b/.exec(this.#parameters.get('LIMITS') ?? '') ?? []
    return most === undefined || Number(most) === 0 ? undefined : Number(most)
  }
}
