/**
 * The name of every channel and counter that processes share, so that no two features can meet under one key. The local
 * engine uses the counter names alone; Redis will use all of them.
 */

const prefix = 'postern:'

/** What the doorbell publishes on. */
export const channels = {
  mailbox: (mailbox: number) => `${prefix}ring:mailbox:${mailbox}`,
  credential: `${prefix}ring:credential`,
  outbox: `${prefix}ring:outbox`,
} as const

/** What is counted in windows (contract B10). */
export const counterKeys = {
  wrongSecretsFromNetwork: (network: string) => `${prefix}count:wrong-secrets:network:${network}`,
  wrongSecretsForUser: (network: string, user: string) => `${prefix}count:wrong-secrets:user:${network}:${user}`,
} as const

/** Of what there are only so many places. */
export const placeKeys = {
  sessionsOfInbox: (address: string) => `${prefix}places:sessions:inbox:${address}`,
} as const
