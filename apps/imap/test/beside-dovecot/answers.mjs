// Responses as values that can be compared: what servers may choose (texts, numbers of their own, the order of flags and
// of FETCH items) is made the same, everything else stays.

/** A response as nested arrays of atoms (strings), strings (`{ text }`) and null for NIL. */
export function parse(line) {
  const reader = { line, at: 0 }
  const items = []
  while (reader.at < line.length) {
    if (line[reader.at] === ' ') reader.at++
    else items.push(value(reader))
  }
  return items
}

function value(reader) {
  const { line } = reader
  const first = line[reader.at]
  if (first === '(') {
    reader.at++
    const list = []
    while (line[reader.at] !== ')') {
      if (reader.at >= line.length) throw new Error(`a list without end: ${line}`)
      if (line[reader.at] === ' ') reader.at++
      else list.push(value(reader))
    }
    reader.at++
    return list
  }
  if (first === ')') throw new Error(`a ) too many: ${line}`)
  if (first === '"') return quoted(reader)
  const literal = /^~?\{(\d+)\}\r\n/.exec(line.slice(reader.at, reader.at + 24))
  if (literal !== null) {
    const start = reader.at + literal[0].length
    reader.at = start + Number(literal[1])
    return { text: line.slice(start, reader.at) }
  }
  return atom(reader)
}

function quoted(reader) {
  let text = ''
  for (reader.at++; reader.line[reader.at] !== '"'; reader.at++) {
    if (reader.at >= reader.line.length) throw new Error(`a string without end: ${reader.line}`)
    if (reader.line[reader.at] === '\\') reader.at++
    text += reader.line[reader.at]
  }
  reader.at++
  return { text }
}

function atom(reader) {
  const start = reader.at
  let depth = 0
  for (; reader.at < reader.line.length; reader.at++) {
    const c = reader.line[reader.at]
    if (c === '[') depth++
    else if (c === ']') depth--
    else if (depth === 0 && (c === ' ' || c === '(' || c === ')')) break
  }
  const text = reader.line.slice(start, reader.at)
  return text.toUpperCase() === 'NIL' ? null : text
}

const codes = /^(OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]\s]+)(?: ([^\]]*))?\])?/

/** Numbers that are a server's own: their presence is compared, not their value. */
const own = new Set(['UIDVALIDITY', 'HIGHESTMODSEQ', 'MAILBOXID', 'BADCHARSET', 'CAPABILITY'])

export function status(line) {
  const found = codes.exec(line)
  if (found === null) return line
  const [, kind, code, rest] = found
  if (code === undefined) return kind
  if (own.has(code)) return `${kind} [${code}]`
  if (code === 'APPENDUID' || code === 'COPYUID') return `${kind} [${code} ${rest.replace(/^\d+/, '$uv')}]`
  if (code === 'PERMANENTFLAGS') return `${kind} [${code} ${flags(parse(rest)[0])}]`
  return `${kind} [${code}${rest === undefined ? '' : ` ${rest}`}]`
}

const flags = (list) =>
  list
    .map((flag) => (flag.startsWith('\\') ? flag.toLowerCase() : flag))
    .sort()
    .join(' ')

/** One untagged response, normalised; undefined for what isn't compared. */
export function untagged(line) {
  const text = line.slice(2)
  if (codes.test(text)) return status(text)
  const items = parse(text)
  if (items[1] === 'FETCH') return fetched(items)
  if (items[1] === 'RECENT') return undefined
  if (items[0] === 'FLAGS') return `FLAGS ${flags(items[1])}`
  if (items[0] === 'STATUS') return `STATUS ${name(items[1])} ${pairs(items[2])}`
  if (items[0] === 'LIST' || items[0] === 'LSUB')
    return `${items[0]} (${items[1].sort().join(' ')}) ${name(items[3])} ${JSON.stringify(items.slice(4))}`
  if (items[0] === 'SEARCH' || items[0] === 'SORT') return JSON.stringify(items.map(hideModSeq))
  if (items[0] === 'ESEARCH') return esearch(items)
  return JSON.stringify(items)
}

const hideModSeq = (item) => (Array.isArray(item) && item[0] === 'MODSEQ' ? ['MODSEQ'] : item)

function esearch(items) {
  const at = items.indexOf('MODSEQ')
  if (at > 0) items[at + 1] = '$'
  const head = items[2] === 'UID' ? 3 : 2
  const rest = []
  for (let i = head; i < items.length; i += 2) rest.push(`${items[i]} ${items[i + 1]}`)
  return `ESEARCH ${head === 3 ? 'UID ' : ''}${rest.sort().join(' ')}`
}

const name = (item) => (typeof item === 'string' ? item : item.text)

function pairs(list) {
  const found = []
  for (let i = 0; i < list.length; i += 2)
    found.push(`${list[i]} ${own.has(list[i]) ? '$' : JSON.stringify(list[i + 1])}`)
  return found.sort().join(' ')
}

export function fetchItems(list) {
  const items = new Map()
  for (let i = 0; i < list.length; i += 2) items.set(list[i], list[i + 1])
  return items
}

function fetched([number, , list]) {
  const items = [...fetchItems(list)].map(([key, item]) => {
    if (key === 'FLAGS') return `FLAGS (${flags(item)})`
    if (key === 'MODSEQ') return 'MODSEQ'
    const text = JSON.stringify(item)
    return `${key} ${/^BODY(STRUCTURE)?$/.test(key) ? text.toUpperCase() : text}`
  })
  return `${number} FETCH ${items.sort().join(' && ')}`
}
