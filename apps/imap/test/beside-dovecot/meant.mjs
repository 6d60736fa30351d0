// What is meant to differ, and what may come in any order. docs/decisions/beside-dovecot.md says why.

const free = /^OK \[(MAILBOXID|UIDNEXT|UNSEEN|CLOSED|HIGHESTMODSEQ|NOMODSEQ)/

/** The lines of an answer with what is free taken out. */
export function settle(lines) {
  return lines.filter((line, i) => i === lines.length - 1 || !free.test(line)).map((line) => line.replace(/^(NO|BAD) \[.*/, '$1').replace(/\\Has(No)?Children ?/,'').replace('NonExistent','Noselect').replace(' )',')'))
}

export function isMeant() {
  return false
}
