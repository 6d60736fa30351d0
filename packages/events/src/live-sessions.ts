/**
 * The clients of this process, as somebody who asks for them is told: each door of a protocol knows its own, and describes them when
 * it's asked, so that a session costs nothing for being listed. Pages are in the order in which sessions began; what comes and
 * goes between two of them neither repeats nor hides another.
 */

export interface LiveSession {
  /** As in the log. */
  readonly id: string
  readonly protocol: 'imap' | 'smtp' | 'lmtp'
  /** The listener's name: `imaps`. */
  readonly door: string
  /** The inbox that is logged in, or `*@domain`. */
  readonly address: string | undefined
  /** Undefined too where a token of an issuer opened it. */
  readonly credential: { readonly id: string; readonly label: string } | undefined
  readonly clientAddress: string
  /** The client's own word: of ID, or of EHLO. */
  readonly client: string | undefined
  /** Unix milliseconds. */
  readonly since: number
  readonly mailbox: string | undefined
  /** The command that is under way; undefined where the client has to say something. */
  readonly doing: string | undefined
}

/** Whatever is named has to be so. */
export interface SessionFilter {
  readonly id?: string | undefined
  readonly address?: string | undefined
  /** Its public id. */
  readonly credential?: string | undefined
  readonly protocol?: LiveSession['protocol'] | undefined
}

/** What a server knows of its clients. */
export interface SessionsOfDoors {
  live(): Iterable<LiveSession>
  /** Says goodbye to the session, and ends it; false where there's none of that id any more. */
  endSession(id: string): boolean
}

export interface SessionPage {
  readonly sessions: readonly LiveSession[]
  /** Where to go on; undefined on the last page. */
  readonly next: string | undefined
}

export const sessionsPerPageMax = 500

export class LiveSessions {
  readonly #doors = new Set<() => SessionsOfDoors | undefined>()

  /** Asked each time: undefined as long as it isn't open. */
  add(doors: () => SessionsOfDoors | undefined): void {
    this.#doors.add(doors)
  }

  page(filter: SessionFilter, { after }: { readonly after?: string | undefined } = {}): SessionPage {
    const found = this.#found(filter).filter((session) => after === undefined || isBefore(after, placeOf(session)))
    found.sort((a, b) => (isBefore(placeOf(a), placeOf(b)) ? -1 : 1))
    const sessions = found.slice(0, sessionsPerPageMax)
    const last = sessions.at(-1)
    return { sessions, next: found.length > sessions.length && last ? placeOf(last) : undefined }
  }

  /** Those that were there to be ended. */
  end(filter: SessionFilter): LiveSession[] {
    const doors = this.#opened()
    return this.#found(filter).filter(({ id }) => doors.some((each) => each.endSession(id)))
  }

  #opened(): SessionsOfDoors[] {
    return Array.from(this.#doors, (doors) => doors()).filter((doors) => doors !== undefined)
  }

  #found(filter: SessionFilter): LiveSession[] {
    return this.#opened().flatMap((doors) => Array.from(doors.live()).filter((session) => isMeant(session, filter)))
  }
}

const isMeant = (session: LiveSession, { id, address, credential, protocol }: SessionFilter): boolean =>
  (id === undefined || session.id === id) &&
  (address === undefined || session.address === address) &&
  (credential === undefined || session.credential?.id === credential) &&
  (protocol === undefined || session.protocol === protocol)

/** Fifteen digits last for thirty thousand years: places compare as text. */
const placeOf = ({ since, id }: LiveSession): string => `${String(Math.floor(since)).padStart(15, '0')}.${id}`

const isBefore = (one: string, other: string): boolean => one < other
