/** Certificate or key files that can't be served, and why: the operator's to mend. */

export class UnusableCertificate extends Error {
  override readonly name = 'UnusableCertificate'
}

/** What `make` makes of a file's content; when it can't, `wrong` says which file and what it should have. */
export function usable<Made>(wrong: string, make: () => Made): Made {
  try {
    return make()
  } catch (cause) {
    throw new UnusableCertificate(`${wrong} (${cause instanceof Error ? cause.message : cause})`, { cause })
  }
}
