/**
 * Which addresses a credential covers (contract B2): `*`, an address, or an address with one `*` before its `@`. Grants and
 * addresses are compared as the directory keeps them, each in its one spelling.
 */

export function covers(grants: readonly string[], address: string): boolean {
  return grants.some((grant) => matches(grant, address))
}

/** The merged INBOX of a domain is for those who cover every address in it, those to come included. */
export function coversDomain(grants: readonly string[], domain: string): boolean {
  return grants.some((grant) => grant === '*' || grant === `*@${domain}`)
}

function matches(grant: string, address: string): boolean {
  if (grant === '*' || grant === address) return true
  const star = grant.indexOf('*')
  if (star < 0) return false
  const [before, after] = [grant.slice(0, star), grant.slice(star + 1)]
  return address.length >= before.length + after.length && address.startsWith(before) && address.endsWith(after)
}
