// What is meant to differ, and what may come in any order. docs/decisions/beside-dovecot.md says why. What is told of new, gone
// and changed messages is compared by what a client knows then (told.mjs).

const free = /^(FLAGS |\["\d+","(EXISTS|EXPUNGE)|OK \[(?!READ|COPYUID|APPENDUID|MODIFIED))/
/** Of a message: what is compared in what the client knows, what each server adds in its own way, and what mails.mjs compares. */
const known = /^(FLAGS|UID|MODSEQ|BINARY)\b/

/** Both answers with what is free taken out; undefined where the mailboxes differ from here on, and are meant to. */
export function settle(answers, { text, isEmpty, tellsGone }) {
  const [ours, theirs] = answers.map((lines) => plainLines(lines, text))
  const [a, b] = [ours.at(-1), theirs.at(-1)]
  // Postern passes over what is gone, and says so; Dovecot acts as if it were there.
  if (a === 'OK [EXPUNGEISSUED]' || b.endsWith('[EXPUNGEISSUED]'))
    return /(COPY|MOVE|STORE)/.test(text) ? undefined : [[], []]
  if (tellsGone && /(SEARCH|FETCH)/.test(text)) return [[], []]
  // Dovecot makes one range of several before it looks whether they're within the mailbox.
  if (text.includes(',') && a === 'BAD' && b === 'OK') return undefined
  // Whose mailbox was deleted: docs/decisions/deleted-mailbox.md.
  if (b === '(closed)') return undefined
  // RFC 9051 §6.3.9: the root of a reference that isn't rooted is the empty string.
  if (/^LIST .* ""$/.test(text)) return [[], []]
  // Postern looks for the target, and for the right to change, before it looks whether there's anything to do.
  // An empty mailbox has no numbers, not even `*`; Postern passes over them, since clients ask before they look.
  if (b === 'BAD' && isEmpty) return [[], []]
  if (/STORE/.test(text) && a === 'NO' && b === 'BAD') return [[], []]
  if (/EXPUNGE/.test(text) && a === 'NO' && b === 'OK') return [[], []]
  if (/(COPY|MOVE|STORE)/.test(text) && a === 'NO' && b === 'OK') return undefined
  return [ours, theirs]
}

function plainLines(lines, text) {
  const kept = []
  const messages = new Map()
  for (const line of lines.slice(0, -1)) {
    const [number, items] = line.split(' FETCH ')
    if (items !== undefined)
      messages.set(number, [
        ...(messages.get(number) ?? []),
        ...items.split(' && ').filter((item) => !known.test(item)),
      ])
    else if (!free.test(line)) kept.push(plain(line))
  }
  for (const [number, items] of messages)
    if (items.length > 0)
      kept.push(
        `${number} FETCH ${[...new Set(items)]
          .sort()
          .join(' && ')
          .replace(/(\] )null/g, '$1{"text":""}')
          .replace(/(INTERNALDATE {"text":")0/, '$1 ')}`,
      )
  // RFC 9051 §6.3.2: the lines of SELECT come in any order.
  if (/^(SELECT|EXAMINE|LIST|LSUB)/.test(text)) kept.sort()
  return [...kept, plain(lines.at(-1))]
}

const plain = (line) =>
  line
    // Response codes of refusals are tested one by one.
    .replace(/^(NO|BAD) \[(?!EXPUNGEISSUED).*/, '$1')
    .replace(/^OK \[(CLIENTBUG|MAILBOXID|HIGHESTMODSEQ)\]/, 'OK')
    // Extended LIST: Postern says what is below a mailbox also unasked.
    .replace(/\\(Has(No)?Children|Marked|UnMarked) ?/gi, '')
    // And what it is for, also where RETURN doesn't name it.
    .replace(/^(LIST \([^)]*?) ?\\(Archive|Drafts|Junk|Sent|Trash)/, '$1')
    .replace('["CHILDINFO"', '[{"text":"CHILDINFO"}')
    .replace(/^STATUS inbox/i, 'STATUS INBOX')
    .replace('NonExistent', 'Noselect')
    .replace(/^LSUB \([^)]*\)/, 'LSUB ()')
    .replace(' )', ')')
    .replace('( ', '(')
