// What of mailauth's inside is used: how it reads a signature field, and what it makes of a body.

declare module 'mailauth/lib/parse-dkim-headers.js' {
  type Tags = Readonly<Record<string, { readonly value?: unknown } | undefined>>
  function parseDkimHeaders(field: Buffer): { readonly parsed: Tags }
  export = parseDkimHeaders
}

declare module 'mailauth/lib/dkim/body/index.js' {
  export function dkimBody(
    canonicalization: string,
    algorithm: string,
  ): {
    readonly canonicalizedLength: number
    update(chunk: Buffer): void
    digest(encoding: 'base64'): string
  }
}
