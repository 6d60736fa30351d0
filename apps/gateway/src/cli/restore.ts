// `postern restore <backup>`: the whole server as it was when the backup was made. The old data is put aside, and what it
// tells of the time since is kept: what clients have to hear, what was sent, and who may no longer come in
// (docs/decisions/restored-mailboxes.md).

import { load } from '@postern/config'
import { type Restored, restoreInto } from '../backup/restore-into.js'
import { dataFolder } from '../data-folder.js'
import { command } from './command.js'
import { operator as by } from './operator.js'
import { flag, one } from './options.js'
import { spokenNowAndThen } from './progress.js'

const listedMax = 20

export const restore = command('restore', {
  about: 'put a backup in place of the store of the data folder, whose old data is put aside',
  parameters: [['<backup>', 'a folder that `postern backup` made']],
  options: {
    into: one('<folder>', 'the data folder; POSTERN_DATA_DIR without it'),
    nothingWasLost: flag(
      'where there is no old data: nothing happened since the backup, and clients keep what they have',
    ),
    evenIfDamaged: flag('restore also what `postern verify` would find damaged, as far as it goes'),
  },
  run: ({ env, args, options: { into, nothingWasLost, evenIfDamaged }, tell }) =>
    restoreInto({
      backup: args[0] as string,
      folder: dataFolder(into ?? load(env).dataDir),
      ...{ nothingWasLost, evenIfDamaged, by, clock: Date.now, tell: spokenNowAndThen(tell) },
    }),
  lines: (said) => [
    ...(said.wentOn ? ['The restore had been broken off: this is the end of it.', ''] : []),
    `${said.folder} is as it was on ${said.takenAt}.`,
    ...(said.aside === null ? [] : [`The old data is in ${said.aside}: remove it when you miss nothing.`]),
    ...(said.comparedWith === 'known' ? [] : [notComparedText[said.comparedWith]]),
    ...keyLines(said),
    ...mailboxLines(said),
    ...queueLines(said),
    ...credentialLines(said),
    ...said.findings.slice(0, listedMax),
  ],
})

const notComparedText: Readonly<Record<Exclude<Restored['comparedWith'], 'known'>, string>> = {
  none: 'There was no old data to tell what has happened since.',
  damaged: 'The old data could not be read: nobody knows what has happened since.',
  another: 'The old data is that of another server: nobody knows what has happened since.',
  newer: 'A newer Postern has written the old data: nobody knows what has happened since.',
  apart: 'The old data is not what became of this backup: nobody knows what has happened since.',
}

const keyLines = ({ anotherKey }: Restored): string[] =>
  anotherKey ? ['The old data had another server key: passwords that were made with that one do not work.'] : []

function mailboxLines({ mailboxes: { kept, anew } }: Restored): string[] {
  if (anew.length === 0) return [`${kept} mailboxes have lost nothing: mail clients go on.`]
  return [
    '',
    `${anew.length} mailboxes have a new UIDVALIDITY, so that mail clients load them anew; ${kept} have lost nothing.`,
    ...listed(anew.map(({ inbox, mailbox }) => `  ${inbox}  ${mailbox}`)),
  ]
}

function queueLines({ queue: { settled, held, leftBehind }, aside }: Restored): string[] {
  return [
    ...(settled > 0 ? [`${settled} recipients of the queue had been settled since, and are not sent to again.`] : []),
    ...(held > 0
      ? [
          '',
          `${held} recipients are held, since they may have the mail already: see \`postern queue list --state held\`, then \`queue retry\` or \`queue cancel\`.`,
        ]
      : []),
    ...(leftBehind > 0
      ? [
          '',
          `${leftBehind} messages that were accepted since had not been sent yet: they are in the old data alone. See them with`,
          `  POSTERN_DATA_DIR=${aside} postern queue list`,
        ]
      : []),
  ]
}

function credentialLines({ directory: { isKnown, credentials, inboxesBack, inboxesLost } }: Restored): string[] {
  const lines = credentials.map(({ id, label, how }) => `  ${id}  ${howText[how]}  ${label}`)
  const [back, lost] = [inboxesBack, inboxesLost].map((list) => listed(list.map((address) => `  ${address}`)))
  return [
    ...(credentials.length > 0 && isKnown
      ? ['', 'Credentials that are not as they were in the backup:', ...lines]
      : []),
    ...(credentials.length > 0 && !isKnown
      ? [
          '',
          'WARNING: what was revoked or changed since the backup works again. These let somebody in:',
          ...listed(lines),
        ]
      : []),
    ...(inboxesBack.length > 0
      ? ['', 'Deleted since the backup, and back; what let somebody in is revoked:', ...(back as string[])]
      : []),
    ...(inboxesLost.length > 0 ? ['', 'Made since the backup, and in the old data alone:', ...(lost as string[])] : []),
  ]
}

const howText = {
  revoked: 'is revoked',
  disabled: 'is disabled',
  changed: 'is as it was changed',
  added: 'was made since, and works',
  lost: 'was made since, and is lost',
  works: 'works',
} as const

const listed = (lines: readonly string[]): string[] =>
  lines.length <= listedMax
    ? [...lines]
    : [...lines.slice(0, listedMax), `  and ${lines.length - listedMax} more (--json)`]
