// Refused logins as audit rows (contract B8): the true cause for the owner, under the correlation id that the log line
// has. Somebody who tries passwords must not fill the disk: so many rows per client network and minute, so many per minute
// in all; what is over is counted, and the next row says how many were left out.

import type { NewAuditEntry, RefusedLogin } from '../directory/directory.js'
import { auditWordCharactersMax, refusedLoginsPerMinuteMax, refusedLoginsPerNetworkMax } from '../directory/limits.js'

const minuteMs = 60_000

export class RefusedLogins {
  readonly #now: () => number
  #minute = 0
  #kept = 0
  readonly #keptOf = new Map<string, number>()
  #leftOut = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined where it's only counted. */
  entryFor(refused: RefusedLogin): NewAuditEntry | undefined {
    if (!this.#isWithinLimits(refused.network)) {
      this.#leftOut++
      return undefined
    }
    const leftOut = this.#leftOut
    this.#leftOut = 0
    const { cause, protocol, user, address, network, correlation, credential, tenant } = refused
    return {
      by: { name: credential?.publicId ?? 'unknown', network: address, correlation },
      tenant,
      action: 'login.refused',
      object: shown(user),
      detail: { cause, protocol, network, ...(leftOut > 0 ? { leftOut } : {}) },
    }
  }

  #isWithinLimits(network: string): boolean {
    const minute = Math.floor(this.#now() / minuteMs)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#kept = 0
      this.#keptOf.clear()
    }
    const kept = this.#keptOf.get(network) ?? 0
    if (kept >= refusedLoginsPerNetworkMax || this.#kept >= refusedLoginsPerMinuteMax) return false
    this.#kept++
    this.#keptOf.set(network, kept + 1)
    return true
  }
}

/** People paste secrets into the wrong field. */
const secret = /ps_(key|app)_\w+/gi

/** A user name as it may be kept and shown: nothing invisible, none of our secrets, not endless. */
const shown = (user: string): string =>
  user
    .slice(0, auditWordCharactersMax)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .replace(secret, 'ps_$1_…')
    .toLowerCase()
