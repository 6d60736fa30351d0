/**
 * What a credential's scopes let its holder do (contract B2, B3, B9), as one record that every protocol reads. Enforcing
 * `imap: 'read'` is the mailbox handle's, for IMAP and API alike.
 */
import type { CredentialFacts } from './directory-facts.js'

export type Protocol = 'imap' | 'smtp' | 'api'

export interface Rights {
  /** `read` may mark mail and refuses the rest; `read-quietly` says OK to the rest and does nothing (contract B9). */
  readonly imap: 'full' | 'read' | 'read-quietly' | undefined
  readonly smtp: boolean
  readonly api: boolean
  readonly admin: boolean
}

export function rightsOf({ scopes, quietReadOnly }: Pick<CredentialFacts, 'scopes' | 'quietReadOnly'>): Rights {
  const reading = scopes.includes('imap:read') ? (quietReadOnly ? 'read-quietly' : 'read') : undefined
  const admin = scopes.includes('admin')
  return {
    imap: scopes.includes('imap') ? 'full' : reading,
    smtp: scopes.includes('smtp'),
    api: admin || scopes.includes('api'),
    admin,
  }
}

/** A token of a configured issuer stands for the person whose mailbox it is. */
export const tokenRights: Rights = { imap: 'full', smtp: true, api: false, admin: false }

export function opens(rights: Rights, protocol: Protocol): boolean {
  return protocol === 'imap' ? rights.imap !== undefined : rights[protocol]
}
