// `postern settings`: every setting with the value in force and where it comes from. Secrets are masked.

import { readFileSync } from 'node:fs'
import { type Config, load, parseEnvFile, settings } from '@postern/config'
import { showRoute } from '@postern/routing'
import { command, type Environment } from './command.js'
import { table } from './table.js'

interface Row {
  readonly name: string
  /** Null when it isn't set. */
  readonly value: string | null
  readonly source: string
  readonly about: string
}

const masked = '********'

export const settingsCommand = command('settings', {
  about: 'show every setting, its value and where it comes from',
  async run({ env }) {
    const config = load(env)
    const source = sourcesIn(env)
    return { settings: Object.keys(settings).map((field) => row(config, field as keyof Config, source)) }
  },
  lines: ({ settings: rows }) => table(rows.map((each) => [each.name, each.value ?? '-', each.source])),
})

function row(config: Config, field: keyof Config, source: (name: string) => string | undefined): Row {
  const { name, about } = settings[field]
  const given = config[field]
  const shown = given === undefined ? null : shownValue(config, field)
  return { name, value: shown, source: source(name) ?? (given === undefined ? 'not set' : 'default'), about }
}

function shownValue(config: Config, field: keyof Config): string {
  if (field === 'route') return showRoute(config.route)
  return 'secret' in settings[field] ? masked : String(config[field])
}

/** In the order in which load() looks. An empty value counts as not set. */
function sourcesIn(env: Environment): (name: string) => string | undefined {
  const path = env.POSTERN_ENV_FILE
  const file = path ? parseEnvFile(readFileSync(path, 'utf8'), path).values : undefined
  return (name) => {
    for (const each of [name, `${name}_FILE`]) if (env[each]) return `environment${each === name ? '' : ` (${each})`}`
    for (const each of [name, `${name}_FILE`]) if (file?.get(each)) return `${path}${each === name ? '' : ` (${each})`}`
    return undefined
  }
}
