/**
 * The root of all logging: JSON lines with a level name and an ISO time. Every finished line passes through scrub.ts on its
 * way out, so children, serialized errors and messages are all free of secrets. Each connection logs through a child that
 * carries its id, remote address and protocol.
 */
import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino'
import { scrubber } from './scrub.js'

export type { Logger } from 'pino'
export type LogLevel = LevelWithSilent

export interface LoggerOptions {
  readonly level: LogLevel
  /** Secrets of no known form that must not come out: a given admin key, a database password. */
  readonly secrets?: readonly string[]
  /** Where lines go; standard output unless given. Written synchronously, so that a crash loses none. */
  readonly destination?: DestinationStream
}

export function createLogger(options: LoggerOptions): Logger {
  const scrub = scrubber(options.secrets)
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: scrub },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  )
}

/** The logger of one client's connection. */
export function connectionLogger(
  logger: Logger,
  connection: { readonly id: string; readonly remoteAddress: string; readonly protocol: string },
): Logger {
  return logger.child({
    connection: connection.id,
    remote: connection.remoteAddress,
    protocol: connection.protocol,
  })
}
