// What IMAP and SMTP do alike with who was let in through the gate: the session is told when that is taken back, and notes its last
// use (contract B4, B5).

import type { Admitted, Question } from '@postern/auth'
import type { Store } from '@postern/mailbox-store'
import type { Logger } from '@postern/telemetry'
import type { DirectoryRecords } from './directory-lookups.js'
import type { GatePart } from './gate.js'
import type { LastUses } from './last-uses.js'

export interface LoginOptions extends Pick<GatePart, 'gate' | 'live'> {
  readonly store: () => Store
  readonly logger: Logger
  readonly clock: () => number
}

export interface ComingAndGoing {
  /** The address of the inbox, or `*@domain`. */
  readonly address: string
  readonly credential: { readonly id: string; readonly label: string } | undefined
  readonly onEnded: (listener: () => void) => void
  readonly used: (client: string | undefined) => void
  readonly left: () => void
}

export interface Entering {
  readonly admitted: Admitted<DirectoryRecords>
  readonly session: string
  /** Of `live`, from before the gate was asked. */
  readonly since: number
}

/** Asks the gate; undefined is a refusal. */
export async function enter(
  { gate, live }: LoginOptions,
  question: Omit<Question, 'correlation'> & { readonly session: string },
): Promise<Entering | undefined> {
  const since = live.mark()
  const { session, ...asked } = question
  const answer = await gate.ask({ ...asked, correlation: session })
  return answer.admitted ? { admitted: answer, session, since } : undefined
}

export function comingAndGoing(
  { live, logger, lastUses }: Pick<LoginOptions, 'live' | 'logger'> & { readonly lastUses: LastUses },
  { admitted, session, since }: Entering,
): ComingAndGoing {
  const { credential } = admitted
  let leave: (() => void) | undefined
  return {
    address: addressOf(admitted),
    credential: credential && { id: credential.publicId, label: credential.label },
    onEnded(listener) {
      const end = (cause: string): void => {
        logger.info({ connection: session, cause }, 'login is taken back')
        listener()
      }
      leave = live.enter(admitted, { since, end })
    },
    used: (client) => lastUses.note(admitted, { client }),
    left: () => leave?.(),
  }
}

const addressOf = ({ place }: Admitted<DirectoryRecords>): string =>
  place?.inbox?.address ?? `*@${place?.domain.name ?? ''}`
