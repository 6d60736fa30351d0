// SELECT, EXAMINE, CLOSE and UNSELECT (RFC 3691). RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2; CONDSTORE
// from RFC 7162 §3.1.8, other parameters from the extensions.
//
//   select = "SELECT" SP mailbox [select-params]

import { ImapError, type OptionRule, type Parser, selectParams } from '@postern/imap-wire'
import { type MailboxListing, StoreRefusal } from '@postern/mailbox-store'
import { command, type Done, noArguments } from '../command.js'
import { askRecents } from '../recents.js'
import type { Session } from '../session.js'
import { writeFlagNames, writePermanentFlags } from '../told-keywords.js'
import { View } from '../view.js'

const parameters = { CONDSTORE: true } as const

export const select = selecting('SELECT', { readOnly: false })
export const examine = selecting('EXAMINE', { readOnly: true })

function selecting(name: string, { readOnly }: { readOnly: boolean }) {
  return command(name, {
    in: ['authenticated', 'selected'],
    leaves: true,
    parse(p, session) {
      p.sp()
      const name = p.mailbox()
      const { CONDSTORE, ...others } = selectParams(p, { ...extensionParams(session), ...parameters })
      return { name, condstore: CONDSTORE === true, after: Object.values(others) as After[] }
    },
    async run(session, args) {
      if (session.selected !== undefined) {
        session.leaveMailbox()
        session.out.status('*', { kind: 'OK', code: 'CLOSED', text: 'The mailbox before is closed' })
      }
      const found = await session.account.mailbox(args.name)
      if (found === undefined) throw new ImapError('NO', 'There is no such mailbox', { code: 'NONEXISTENT' })
      if (args.condstore) session.condstore = true
      const open = await session.account.open(found.id)
      const view = new View(open, session.rev2 ? {} : found.status)
      session.selected = { mailbox: found, view, readOnly }
      await askRecents(session)
      const done = present(session, found, readOnly)
      for (const run of args.after) await run(session)
      return done
    },
  })
}

type After = (session: Session) => Promise<void>

function extensionParams(session: Session): Record<string, OptionRule<After>> {
  const params = Object.values(session.context.registry.selectParams)
  return Object.fromEntries(params.map((param) => [param.name, (p: Parser) => param.parse(p, session)]))
}

function present({ out, selected, rev2, account }: Session, mailbox: MailboxListing, readOnly: boolean): Done {
  const { view } = selected as NonNullable<Session['selected']>
  writeFlagNames(out, view.keywords)
  out.untagged().number(view.count).raw(' EXISTS').crlf()
  view.recents.toldCount = view.recentCount
  if (!rev2) out.untagged().number(view.recents.toldCount).raw(' RECENT').crlf()
  const { firstUnseen } = view.index.flagSummary
  if (!rev2 && firstUnseen >= 0)
    out.status('*', {
      kind: 'OK',
      code: { name: 'UNSEEN', value: firstUnseen + 1 },
      text: 'is the first unseen message',
    })
  writePermanentFlags(out, view.keywords, readOnly ? undefined : account.rights.flags)
  const { uidValidity, uidNext } = mailbox.status
  out.status('*', { kind: 'OK', code: { name: 'UIDVALIDITY', value: uidValidity }, text: 'uids are valid' })
  out.status('*', {
    kind: 'OK',
    code: { name: 'UIDNEXT', value: Math.max(uidNext, view.toldUid + 1) },
    text: 'is the next uid at least',
  })
  out.status('*', {
    kind: 'OK',
    code: { name: 'HIGHESTMODSEQ', value: view.modSeq },
    text: 'is the latest change',
  })
  out.status('*', { kind: 'OK', code: { name: 'MAILBOXID', id: mailbox.objectId }, text: 'names it for good' })
  if (rev2) {
    out.untagged().raw('LIST () "/" ').mailbox(mailbox.name).crlf()
  }
  return { code: readOnly ? 'READ-ONLY' : 'READ-WRITE', text: 'Selected' }
}

/** RFC 9051 §6.4.1: expunges without telling, unless the mailbox was only examined, or the login may not (RFC 4314 §4). */
export const close = command('CLOSE', {
  in: ['selected'],
  leaves: true,
  parse: noArguments,
  async run(session) {
    const { mailbox, view, readOnly } = session.mailbox
    const told = view.toldUids
    session.leaveMailbox()
    if (readOnly || !session.account.rights.expunge) return { text: 'Closed' }
    try {
      await session.account.expunge(mailbox.id, told)
    } catch (error) {
      // Where somebody has deleted the mailbox meanwhile, there's nothing left to expunge.
      if (!(error instanceof StoreRefusal && error.code === 'no-such-mailbox')) throw error
    }
    return { text: 'Closed' }
  },
})

export const unselect = command('UNSELECT', {
  in: ['selected'],
  leaves: true,
  parse: noArguments,
  async run(session) {
    session.leaveMailbox()
    return { text: 'Unselected' }
  },
})
