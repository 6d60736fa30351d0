/**
 * What has to work before this process should get clients: a list of named checks that parts add themselves. While the
 * process drains it isn't ready, whatever the checks say, so that a load balancer turns away first. The report is public and
 * names what fails; why is in the log.
 */
import type { Logger } from '@postern/telemetry'

export interface ReadinessOptions {
  /** A check that takes longer has failed. */
  readonly checkTimeoutMs: number
  readonly logger: Logger
}

export interface ReadinessReport {
  readonly ready: boolean
  /** Ready, but something is missing that it can do without. */
  readonly degraded: boolean
  readonly draining: boolean
  readonly checks: Readonly<Record<string, 'ok' | 'failing'>>
}

export interface Readiness {
  /** The check throws when its part isn't ready. Without an `optional` one the process still serves, only not as well. */
  add(name: string, check: () => Promise<void> | void, options?: { readonly optional?: boolean }): void
  /** From now on not ready. */
  drain(): void
  report(): Promise<ReadinessReport>
}

export function createReadiness({ checkTimeoutMs, logger }: ReadinessOptions): Readiness {
  const checks = new Map<string, () => Promise<void> | void>()
  const optional = new Set<string>()
  const failing = new Set<string>()
  let draining = false

  const run = async (name: string, check: () => Promise<void> | void): Promise<boolean> => {
    try {
      await inTime(check, checkTimeoutMs)
      if (failing.delete(name)) logger.info({ check: name }, 'ready again')
      return true
    } catch (err) {
      if (!failing.has(name)) logger.warn({ err, check: name }, 'not ready')
      failing.add(name)
      return false
    }
  }

  return {
    add(name, check, options = {}) {
      checks.set(name, check)
      if (options.optional) optional.add(name)
    },
    drain() {
      draining = true
    },
    async report() {
      const results = await Promise.all(
        [...checks].map(async ([name, check]) => [name, await run(name, check)] as const),
      )
      const ready = !draining && results.every(([name, isOk]) => isOk || optional.has(name))
      return {
        ready,
        degraded: ready && results.some(([, isOk]) => !isOk),
        draining,
        checks: Object.fromEntries(results.map(([name, isOk]) => [name, isOk ? 'ok' : 'failing'])),
      }
    },
  }
}

async function inTime(check: () => Promise<void> | void, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  })
  await Promise.race([(async () => check())(), late]).finally(() => clearTimeout(timer))
}
