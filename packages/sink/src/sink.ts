// Where the mail of a domain that keeps none is handed over (contract F2), as its owner has set it.

export interface Sink {
  /** https, without user and password. */
  readonly url: string
  /** What posts are signed with. */
  readonly secret: string
}

/** Completes "The URL …": `is not one of https`. Undefined where it can be used. */
export function wrongWithUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'cannot be read as one'
  const url = new URL(text)
  if (url.protocol !== 'https:') return 'is not one of https'
  if (url.username !== '' || url.password !== '') return 'has a user or a password in it'
  return url.hash === '' ? undefined : 'has a fragment, which no server gets'
}
