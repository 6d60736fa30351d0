/**
 * The setting that names issuers of tokens: a JSON list, because each is several values that belong together. Read strictly, so
 * that a misspelt key is a mistake at start and not a login that never works.
 */
import { z } from 'zod'

export interface ConfiguredIssuer {
  readonly issuer: string
  readonly audience: string
  readonly jwks: string
  readonly claim: string
  readonly domains: readonly string[]
}

const word = z.string().min(1)
const loopback = ['127.0.0.1', '[::1]', 'localhost']

/** A file, or a URL whose answer nobody on the way can change. */
function isKeySource(value: string): boolean {
  if (!value.includes('://')) return true
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.includes(url.hostname))
}

const issuer = z.strictObject({
  issuer: word,
  audience: word,
  jwks: word.refine(isKeySource),
  claim: word.default('email'),
  domains: z.array(word).default([]),
})

const issuers = z.array(issuer).refine((list) => new Set(list.map((one) => one.issuer)).size === list.length)

export const tokenIssuers = () =>
  z.string().transform((value, context): readonly ConfiguredIssuer[] => {
    const given = value === '' ? { success: true as const, data: [] } : issuers.safeParse(jsonOf(value))
    if (given.success) return given.data
    context.addIssue(
      'must be a JSON list such as [{"issuer":"https://login.example.com","audience":"postern","jwks":"https://login.example.com/keys"}], each issuer once, with "claim" and "domains" if wanted, and "jwks" an https URL or a file',
    )
    return z.NEVER
  })

function jsonOf(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
