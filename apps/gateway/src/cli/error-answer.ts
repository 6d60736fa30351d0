// Anything that was thrown, as the answer a person or a script gets (contract G4): a name that docs/errors.md explains,
// what is wrong, and what to do. Here `code` is the exit code: 1 when it failed, 2 when it was asked wrongly.

import { ConfigError } from '@postern/config'
import { type RefusalCode, StoreRefusal } from '@postern/mailbox-store'
import { Failure } from '@postern/service'
import { CommanderError } from 'commander'
import { Usage } from './usage.js'

export interface ErrorAnswer {
  readonly name: string
  readonly code: 1 | 2
  readonly message: string
  readonly fix: string
  readonly docs: string
}

export function errorAnswer(error: unknown): ErrorAnswer {
  const said = (name: string, message: string, fix: string, code: 1 | 2 = 1): ErrorAnswer => ({
    name,
    code,
    message,
    fix,
    docs: `docs/errors.md#${name}`,
  })
  if (error instanceof Failure) return said(error.failure, error.message, error.fix)
  if (error instanceof ConfigError)
    return said('wrong_settings', error.message, 'config/postern.env.example lists every setting.', 2)
  if (error instanceof Usage) return said('usage', error.message, error.fix, 2)
  if (error instanceof CommanderError)
    return said('usage', sentence(error.message.replace(/^error: /, '')), 'See `postern --help`.', 2)
  if (error instanceof StoreRefusal)
    return said(
      error.code.replaceAll('-', '_'),
      error.message,
      error.fix ?? fixes[error.code] ?? 'Run `postern verify`.',
    )
  if (error instanceof Error && 'syscall' in error)
    return said(
      'system',
      sentence(error.message),
      'Check that it exists and that the user who runs Postern may use it.',
    )
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return said('bug', message, 'This should not happen: please report it with the lines above.')
}

/** Where a refusal doesn't say it better. */
const fixes: Partial<Record<RefusalCode, string>> = {
  'not-found': 'See what there is with `list`, as in `postern inbox list` or `postern queue list --all`.',
  exists: 'Take another name, or use what is there.',
  invalid: 'Change that, and try again.',
}

/** What is wrong and what to do, as two lines. */
export const errorLines = ({ message, fix }: ErrorAnswer): string[] => [`postern: ${message}`, fix]

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
