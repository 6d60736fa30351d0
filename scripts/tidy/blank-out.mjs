/**
 * Puts blanks in the place of comments, and of what stands in strings if that is asked for too, so that a rule's pattern
 * meets code alone. Lines and columns stay. It knows JavaScript's tokens as far as that needs: quotes, templates with code
 * inside them, and regular expressions, which begin where a value can.
 */

const before = /(?:^|[([{,;:=!&|?+\-*%~^<>\n]|\b(?:return|typeof|case|in|of|do|else|yield|await|void|delete|throw))\s*$/

export function blankOut(text, { strings }) {
  const out = text.split('')
  /** Depth of braces inside each `${` that is open. */
  const templates = []
  let at = 0

  const blank = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' '
  }
  const skip = (end, { comment = false, edge = 1 } = {}) => {
    if (comment) blank(at, end)
    else if (strings) blank(at + edge, end - edge)
    at = end
  }
  /** From `at`, which is inside a template, to its end or to the next `${`. */
  const template = () => {
    const start = at
    while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) at += text[at] === '\\' ? 2 : 1
    if (strings) blank(start, Math.min(at, text.length))
    if (text[at] === '`') at++
    else if (at < text.length) {
      templates.push(0)
      at += 2
    }
  }

  while (at < text.length) {
    const char = text[at]
    if (text.startsWith('//', at)) skip(endOr(text.indexOf('\n', at), text), { comment: true })
    else if (text.startsWith('/*', at)) skip(endOr(text.indexOf('*/', at), text, 2), { comment: true })
    else if (char === "'" || char === '"') skip(endOfString(text, at))
    else if (char === '`') {
      at++
      template()
    } else if (char === '/' && before.test(text.slice(Math.max(0, at - 40), at))) skip(endOfRegExp(text, at))
    else if (char === '{' && templates.length > 0) {
      templates[templates.length - 1]++
      at++
    } else if (char === '}' && templates.length > 0) {
      at++
      if (templates.at(-1) > 0) templates[templates.length - 1]--
      else {
        templates.pop()
        template()
      }
    } else at++
  }
  return out.join('')
}

const endOr = (index, text, length = 0) => (index === -1 ? text.length : index + length)

function endOfString(text, start) {
  let at = start + 1
  while (at < text.length && text[at] !== text[start] && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return Math.min(at + 1, text.length)
}

function endOfRegExp(text, start) {
  let at = start + 1
  let inClass = false
  for (; at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/'); at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '[') inClass = true
    else if (text[at] === ']') inClass = false
  }
  return Math.min(at + 1, text.length)
}
