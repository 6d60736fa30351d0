// A policy is a small pure function: it looks at a case, of which everything it needs is known, and answers what the client shall
// read instead of a yes, or nothing. Policies stand in ordered lists; the first that says something is heard. Whatever has to be
// looked up or counted is a fact of the case, so that each policy is a table in its test.
import { type Reply, SmtpError } from './reply.js'

export type Policy<Case> = (of: Case) => Reply | undefined

export function firstRefusal<Case>(policies: readonly Policy<Case>[], of: Case): Reply | undefined {
  for (const policy of policies) {
    const refusal = policy(of)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export function enforce<Case>(policies: readonly Policy<Case>[], of: Case): void {
  const refusal = firstRefusal(policies, of)
  if (refusal !== undefined) throw new SmtpError(refusal)
}
