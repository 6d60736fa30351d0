/** Collects what a logger writes. */
import { createLogger, type Logger, type LogLevel } from '../src/index.js'

export interface Lines {
  readonly logger: Logger
  /** Everything written, as it would stand in the log. */
  text(): string
  last(): Record<string, unknown>
}

export function collectLines({ level = 'trace' as LogLevel, secrets = [] as readonly string[] } = {}): Lines {
  const lines: string[] = []
  const logger = createLogger({ level, secrets, destination: { write: (line) => void lines.push(line) } })
  return { logger, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1)!) }
}
