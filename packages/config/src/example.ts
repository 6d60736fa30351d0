/**
 * Prints the settings table as an env file with every line commented out: config/postern.env.example. The file is written by
 * scripts/write-example.mjs, and a test fails when it no longer matches the table.
 */
import { type Setting, settings } from './settings.js'

export function renderExample(): string {
  const blocks = Object.values(settings).map((setting: Setting) => {
    const file = setting.secret ? [`# A secret: ${setting.name}_FILE may name a file that holds it instead.`] : []
    return [`# ${setting.about}`, ...file, `#${setting.name}=${setting.default ?? ''}`].join('\n')
  })
  return [
    '# Settings of Postern, with their defaults. Generated from packages/config/src/settings.ts',
    '# by `node packages/config/scripts/write-example.mjs`; edit the table, not this file.',
    '# Copy it, take the # away from what you change, and start with POSTERN_ENV_FILE=/path/to/the/copy.',
    '# A variable in the process environment wins over this file.',
    '',
    blocks.join('\n\n'),
    '',
  ].join('\n')
}
