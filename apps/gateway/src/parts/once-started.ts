// What a part opens when it starts, for the parts that start after it. Asking before is a mistake in the parts' order.

export class OnceStarted<Value> {
  readonly #part: string
  #value: { readonly is: Value } | undefined

  constructor(part: string) {
    this.#part = part
  }

  set(value: Value): void {
    this.#value = { is: value }
  }

  get(): Value {
    if (this.#value === undefined) throw new Error(`${this.#part} was asked for before it started`)
    return this.#value.is
  }
}
