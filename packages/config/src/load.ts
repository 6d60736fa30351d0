/**
 * From the environment to a frozen config, or to everything that's wrong with it at once. Reads, in this order of precedence,
 * the process environment, an optional env file and the defaults of settings.ts; a secret may instead be named by
 * `NAME_FILE`, a path whose content is the value. An empty value counts as not set, as compose files pass them on.
 */
import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.js'
import { didYouMean } from './did-you-mean.js'
import { parseEnvFile } from './env-file.js'
import { type Config, combinations, type Mistake, type Setting, settings } from './settings.js'

export interface LoadOptions {
  /** Path of the env file; without it, POSTERN_ENV_FILE. */
  readonly envFile?: string
  readonly readFile?: (path: string) => string
}

type Environment = Readonly<Record<string, string | undefined>>
/** One place that values come from, named as mistakes name it. */
type Layer = (name: string) => string | undefined

const envFileName = 'POSTERN_ENV_FILE'
const prefix = 'POSTERN_'
const table: readonly (readonly [string, Setting])[] = Object.entries(settings)
const knownNames = [
  envFileName,
  ...table.flatMap(([, setting]) => (setting.secret ? [setting.name, `${setting.name}_FILE`] : [setting.name])),
]

export function load(env: Environment, options: LoadOptions = {}): Config {
  const mistakes: Mistake[] = []
  const readFile = options.readFile ?? ((path: string) => readFileSync(path, 'utf8'))
  const fromProcess: Layer = (name) => env[name] || undefined
  const file = readEnvFile(options.envFile ?? fromProcess(envFileName), readFile, mistakes)
  const fromFile: Layer = (name) => file.get(name) || undefined

  mistakes.push(...unknown(new Set([...Object.keys(env), ...file.keys()]), env))
  const values: Record<string, unknown> = {}
  for (const [field, setting] of table) {
    const text = given(setting, [fromProcess, fromFile], readFile, mistakes) ?? setting.default
    if (text !== undefined) values[field] = parse(setting, text, mistakes)
    else values[field] = undefined
  }
  mistakes.push(...combinations(values as Partial<Config>))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return deepFreeze(values as Config)
}

function readEnvFile(path: string | undefined, readFile: (path: string) => string, mistakes: Mistake[]) {
  if (path === undefined) return new Map<string, string>()
  try {
    const file = parseEnvFile(readFile(path), path)
    mistakes.push(...file.mistakes)
    return file.values
  } catch (error) {
    mistakes.push({ name: envFileName, wrong: unreadable(path, error), fix: 'Name a file that exists, or unset it.' })
    return new Map<string, string>()
  }
}

function unknown(names: Iterable<string>, env: Environment): Mistake[] {
  return [...names]
    .filter((name) => name.startsWith(prefix) && !knownNames.includes(name) && !isServiceLink(name, env[name]))
    .map((name) => {
      const meant = didYouMean(name, knownNames)
      const fix = meant ? `Did you mean ${meant}?` : 'Remove it; config/postern.env.example lists every setting.'
      return { name, wrong: 'is not a setting', fix }
    })
}

/** Kubernetes and Docker put the address of a service called `postern` into the environment of every container beside it. */
function isServiceLink(name: string, value = ''): boolean {
  const isPartOfOne = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)
  return isPartOfOne || (/_PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(value))
}

/** The text of the first layer that gives the setting, by value or by file. */
function given(
  setting: Setting,
  layers: readonly Layer[],
  readFile: (path: string) => string,
  mistakes: Mistake[],
): string | undefined {
  for (const layer of layers) {
    const text = layer(setting.name)
    const path = setting.secret ? layer(`${setting.name}_FILE`) : undefined
    if (text !== undefined && path !== undefined) {
      const fix = 'Keep one of the two.'
      mistakes.push({ name: setting.name, wrong: `is set, and so is ${setting.name}_FILE`, fix })
      return undefined
    }
    if (text !== undefined) return text
    if (path === undefined) continue
    try {
      return readFile(path).trim() || emptyFile(setting, mistakes)
    } catch (error) {
      const fix = `Name a file that holds the value, or set ${setting.name}.`
      mistakes.push({ name: `${setting.name}_FILE`, wrong: unreadable(path, error), fix })
      return undefined
    }
  }
  return undefined
}

function emptyFile(setting: Setting, mistakes: Mistake[]): undefined {
  const fix = 'Write the value into it.'
  mistakes.push({ name: `${setting.name}_FILE`, wrong: 'names a file that is empty', fix })
  return undefined
}

function parse(setting: Setting, text: string, mistakes: Mistake[]): unknown {
  const result = setting.schema.safeParse(text)
  if (result.success) return result.data
  const shown = setting.secret ? '' : ` (it is ${JSON.stringify(text.slice(0, 80))})`
  const example = setting.default ? `The default is ${setting.default}.` : `It is optional. ${setting.about}`
  mistakes.push({ name: setting.name, wrong: `${result.error.issues[0]!.message}${shown}`, fix: example })
  return undefined
}

function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
  return `names ${path}, which can't be read (${code})`
}

function deepFreeze(config: Config): Config {
  for (const value of Object.values(config)) Object.freeze(value)
  return Object.freeze(config)
}
