/**
 * The name of every channel and counter that processes share, so that no two features can meet under one key. The local
 * engine uses the counter names alone; Redis uses all of them.
 */

const prefix = 'postern:'

/** What the doorbell publishes on, and what processes ask each other by. */
export const channels = {
  mailbox: (mailbox: number) => `${prefix}ring:mailbox:${mailbox}`,
  directory: `${prefix}ring:directory`,
  outbox: `${prefix}ring:outbox`,
  /** In place of many rings that waited too long. */
  everyone: `${prefix}ring:everyone`,
  /** What one process is asked by another, or by a command. */
  question: (process: string) => `${prefix}ask:${process}`,
  answer: (asker: string) => `${prefix}answer:${asker}`,
} as const

/** What is counted in windows (contract B10). */
export const counterKeys = {
  wrongSecretsFromNetwork: (network: string) => `${prefix}count:wrong-secrets:network:${network}`,
  wrongSecretsForUserFrom: (network: string, user: string) => `${prefix}count:wrong-secrets:from:${network}:${user}`,
  wrongSecretsForUser: (user: string) => `${prefix}count:wrong-secrets:user:${user}`,
  /** Logins that opened an inbox, or a domain, from a network. */
  opened: (network: string, place: string) => `${prefix}count:opened:${network}:${place}`,
  /** What a network of other mail servers does here (contract F). */
  arriving: (what: 'connections' | 'messages' | 'unknown-recipients', network: string) =>
    `${prefix}count:arriving:${what}:${network}`,
  /** Client network, sender and recipient, hashed: first seen a short while ago, or known. */
  greylisted: (state: 'new' | 'known', triplet: string) => `${prefix}count:greylist:${state}:${triplet}`,
  /** An inbox that had no room for a sender's message at its end. */
  hadNoRoom: (account: number, sender: string) => `${prefix}count:no-room:${account}:${sender}`,
} as const

/** Of what there are only so many places. */
export const placeKeys = {
  sessionsOfInbox: (address: string) => `${prefix}places:sessions:inbox:${address}`,
} as const

/** Submissions that are under way. */
export const sendingKeys = {
  message: (account: number, messageIdHash: number) => `${prefix}sending:${account}:${messageIdHash}`,
} as const

/** Processes that are there. */
export const peerKeys = {
  /** Their ids. */
  all: `${prefix}processes`,
  /** Goes by itself when the process does. */
  one: (process: string) => `${prefix}process:${process}`,
} as const

/** For a look whether everything is permitted. */
export const checkNames = { key: `${prefix}check`, channel: `${prefix}ring:check` } as const
