// Which of the engines that can be set are there. The others are refused at the start, so that nobody believes their
// mail is somewhere it isn't.

import { type Config, ConfigError, settings } from '@postern/config'

const missing = [
  { field: 'databaseUrl', instead: 'mail is kept in the embedded SQLite database only' },
  { field: 'blobUrl', instead: 'message bytes are kept in the data folder only' },
] as const satisfies readonly { field: keyof Config; instead: string }[]

export function refuseMissingEngines(config: Config): void {
  const set = missing.filter(({ field }) => config[field] !== undefined)
  if (set.length === 0) return
  throw new ConfigError(
    set.map(({ field, instead }) => ({
      name: settings[field].name,
      wrong: `is set, but in this version ${instead}`,
      fix: `Unset ${settings[field].name}.`,
    })),
  )
}
