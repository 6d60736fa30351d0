// `postern import <inbox> <format> <from>` (contract I4): mail from mbox, Maildir and .eml files, and from another IMAP server, with its
// mailboxes, flags and dates. It works beside a running gateway, whose clients hear of it. What the parameters mean is found
// here; the work is in ../transfer.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Failure } from '@postern/service'
import { refuseForeign } from '../folder-owner.js'
import { storedBytesMax } from '../message-sizes.js'
import type { MailSource } from '../transfer/arriving.js'
import { importMail } from '../transfer/importer.js'
import { mboxQuotings, readMboxTree } from '../transfer/mbox-tree.js'
import { progress } from '../transfer/progress.js'
import { readEml } from '../transfer/read-eml.js'
import { readImap } from '../transfer/read-imap.js'
import { readMaildir } from '../transfer/read-maildir.js'
import type { ImportReport } from '../transfer/report.js'
import { type Command, command, type Invocation } from './command.js'
import { type OpenStore, withStore } from './existing-store.js'
import { operator as by } from './operator.js'
import { choice, flag, many, one } from './options.js'
import { count, sizeText } from './quantities.js'
import { inboxOf } from './references.js'
import { fields, table } from './table.js'
import { Usage } from './usage.js'

const formats = ['mbox', 'maildir', 'eml', 'imap'] as const

const options = {
  into: one('<mailbox>', 'where it goes: what was INBOX there, and the others below it'),
  flags: choice(['keep', 'none'], 'whether messages keep their flags; keep if left out'),
  skipDuplicates: flag('leave out what the mailbox has already, by its bytes'),
  dryRun: flag('read everything, say what would come, and change nothing'),
  inClear: flag('in a domain whose mail is kept encrypted: store it as it is all the same'),
  quoting: choice(mboxQuotings, 'mbox: how lines that begin with From were quoted; mboxrd if left out'),
  user: one('<name>', 'imap: the user name'),
  passwordFile: one('<file>', 'imap: the file with the password; - reads it from standard input'),
  tokenFile: one('<file>', 'imap: the file with an OAuth access token, in place of a password'),
  port: one('<port>', 'imap: 993, or 143 with another --tls, if left out', count),
  tls: choice(['implicit', 'starttls', 'none'], 'imap: implicit if left out'),
  insecure: flag('imap: take any certificate'),
  mailbox: many('<name>', 'imap: only this one, as the server names it'),
  except: many('<name>', 'imap: all but this one'),
} as const

type Given = Invocation<typeof options>

async function sourceOf(given: Given): Promise<MailSource> {
  const { args, options: chosen, stdin } = given
  const [, format, from = ''] = args
  if (format === 'mbox') return readMboxTree(from, { quoting: chosen.quoting ?? 'mboxrd', stdin })
  if (format === 'maildir') return readMaildir(from)
  if (format === 'eml') return readEml(from)
  if (format !== 'imap') throw new Usage(`${format} is no format.`, `It is one of ${formats.join(', ')}.`)
  if (chosen.user === undefined) throw new Usage('Who logs in there?', 'Give --user <name>.')
  const { tls = 'implicit', insecure, mailbox, except, user, port = tls === 'implicit' ? 993 : 143 } = chosen
  return readImap({
    host: from,
    port,
    tls,
    isVerified: !insecure,
    user,
    secret: await secretOf(given),
    only: mailbox,
    except,
  })
}

/** Never in the command's words: they stand in the list of processes. */
async function secretOf({ env, options: { passwordFile, tokenFile }, stdin }: Given) {
  const isToken = tokenFile !== undefined || (passwordFile === undefined && env.IMPORT_TOKEN !== undefined)
  const path = tokenFile ?? passwordFile
  const written =
    path === undefined
      ? (env.IMPORT_PASSWORD ?? env.IMPORT_TOKEN)
      : path === '-'
        ? await text(stdin())
        : await readFile(path, 'utf8')
  const secret = written?.replace(/\r?\n$/, '')
  if (!secret) {
    const fix = 'Give --password-file <file>, or set IMPORT_PASSWORD; for OAuth --token-file or IMPORT_TOKEN.'
    throw new Usage('There is no password for the other server.', fix)
  }
  return isToken ? { token: secret } : { password: secret }
}

/** What a domain's mode promises of its mail holds for mail that is imported, too. */
async function checkMode(
  { store: { directory } }: OpenStore,
  domainId: Parameters<typeof directory.getDomain>[0],
  inClear: boolean,
): Promise<void> {
  const { mode, name } = await directory.getDomain(domainId)
  if (mode === 'zero-retention')
    throw new Failure('mode_keeps_no_mail', `${name} is in mode zero-retention: nothing of its mail is kept.`, {
      fix: `Choose another mode first: \`postern domain update ${name} --mode retained\`.`,
    })
  if (mode === 'encrypted' && !inClear)
    throw new Failure(
      'mode_keeps_encrypted',
      `The mail of ${name} is kept encrypted, and an import stores it as it is.`,
      {
        fix: 'If that shall be, say --in-clear.',
      },
    )
}

async function runImport(given: Given): Promise<ImportReport> {
  const { env, args, options: chosen } = given
  return withStore(
    env,
    async (open) => {
      const { store, config, folder } = open
      await refuseForeign(folder.path)
      const inbox = await inboxOf(store.directory, args[0] as string)
      await checkMode(open, inbox.domain, chosen.inClear)
      const source = await sourceOf(given)
      const line = progress()
      const started = performance.now()
      const tally = await importMail(store, source, {
        ...{ account: store.account(inbox.id), into: chosen.into, keepFlags: chosen.flags !== 'none' },
        ...{ skipDuplicates: chosen.skipDuplicates, dryRun: chosen.dryRun, messageBytesMax: storedBytesMax(config) },
        onProgress: ({ imported, failed }, mailbox) =>
          line.show(() => {
            const each = Math.round((imported * 1000) / (performance.now() - started))
            return `${harmless(mailbox)}: ${imported} imported, ${failed} failed, ${each} a second`
          }),
      }).finally(() => line.end())
      const report = tally.report({ inbox: inbox.address, format: args[1] as string, dry_run: chosen.dryRun })
      if (!chosen.dryRun) await audit(open, { report, environment: inbox.environment })
      return report
    },
    { rings: true },
  )
}

type Audited = {
  readonly report: ImportReport
  readonly environment: Parameters<OpenStore['store']['directory']['getEnvironment']>[0]
}

async function audit({ store: { directory } }: OpenStore, { report, environment }: Audited): Promise<void> {
  const { tenant } = await directory.getEnvironment(environment)
  const { inbox: object, format, imported, failed, duplicates } = report
  await directory.appendAudit({
    action: 'mail.import',
    object,
    tenant,
    detail: { format, imported, failed, duplicates },
    by,
  })
}

const reportLines = (report: ImportReport): string[] => [
  ...table([
    ['MAILBOX', report.dry_run ? 'WOULD COME' : 'IMPORTED', 'THERE', 'BEFORE', 'FLAGS', 'FAILED', 'SIZE'],
    ...report.mailboxes.map((one) => [
      ...[one.mailbox, String(one.imported), String(one.duplicates), String(one.before), String(one.flags_changed)],
      ...[String(one.failed), sizeText(one.bytes)],
    ]),
  ]),
  '',
  ...fields([
    [report.dry_run ? 'Would be imported' : 'Imported', `${report.imported} messages, ${sizeText(report.bytes)}`],
    ['Passed over', report.passed_over === 0 ? undefined : String(report.passed_over)],
    ['Failed', report.failed === 0 ? undefined : String(report.failed)],
    ['Stopped', report.stopped === null ? undefined : `${report.stopped.message} ${report.stopped.fix}`],
  ]),
  ...report.failures.map(({ place, why }) => harmless(`not imported: ${place}: ${why}`)),
  ...report.notes.map(({ place, why }) => harmless(`passed over: ${place}: ${why}`)),
]

/** Names of files, and what a server says, are somebody else's: nothing of it moves a terminal's cursor. */
const harmless = (text: string): string => text.replace(/\p{Cc}/gu, '?')

export const importCommand: Command = command('import', {
  about: 'bring mail in from mbox, Maildir or .eml files, or from another IMAP server; works beside a running gateway',
  parameters: [
    ['<inbox>', 'its address or id'],
    [`<${formats.join('|')}>`, 'what it is'],
    ['<from>', 'a file or folder, - for an mbox from standard input; for imap the host'],
  ],
  options,
  run: runImport,
  lines: reportLines,
  exitCode: ({ failed, stopped }) => (failed > 0 || stopped !== null ? 1 : 0),
})
