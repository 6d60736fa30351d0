// The value of Authentication-Results: what was found out, for whoever reads the message later. RFC 8601 §2.2.
//
//   authres-payload = authserv-id *( ";" resinfo )        ; or "; none"
//   resinfo         = method "=" result [comment] *( ptype "." property "=" pvalue )

import type { Action } from '../arrival.js'
import type { Arc, Checks, Dkim, Dmarc, Spf } from './checks.js'
import type { Opinion } from './rspamd.js'

export interface Told {
  readonly checks: Checks
  /** What is done with the message. */
  readonly action: Action
  readonly opinion: Opinion | undefined
}

/** @param told folded; a message has one for all its recipients */
export function resultsField(hostname: string, { checks, action, opinion }: Told): string {
  const { spf, dkim, arc, dmarc } = checks
  const all = [
    ...(spf === undefined ? [] : [spfText(spf)]),
    ...(dkim.length === 0 ? ['dkim=none'] : dkim.map(dkimText)),
    ...(dmarc === undefined ? [] : [dmarcText(dmarc, action)]),
    ...(arc.result === 'none' ? [] : [arcText(arc)]),
    ...(opinion === undefined ? [] : [`x-rspamd=${opinion.action} (score ${opinion.score})`]),
  ]
  return [hostname, ...all].join(';\r\n ')
}

const spfText = ({ result, property, value, toldBy }: Spf): string =>
  joined([`spf=${result}`, comment(toldBy && `told by ${toldBy}`), said(`smtp.${property}`, value)])

const dkimText = ({ result, domain, selector, algorithm, why }: Dkim): string =>
  joined([
    `dkim=${result}`,
    comment(why),
    said('header.d', domain),
    said('header.s', selector),
    said('header.a', algorithm),
  ])

/** RFC 8601 §2.7 with the comment that most readers know: what was published, and what was done. */
function dmarcText({ result, domain, policy }: Dmarc, action: Action): string {
  const isFail = result === 'fail' || result === 'permerror'
  const why = result === 'pass' || isFail ? `p=${policy}${isFail ? ` dis=${action}` : ''}` : undefined
  return joined([`dmarc=${result}`, comment(why), said('header.from', domain)])
}

const arcText = ({ result, sealers, why }: Arc): string =>
  joined([`arc=${result}`, comment(why ?? `i=${sealers.length}`), said('header.d', sealers[0]?.domain ?? '')])

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ')

const valueCharactersMax = 255

/** A token, an address, or a quoted string. */
function said(property: string, value: string): string {
  const plain = value
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .trim()
    .slice(0, valueCharactersMax)
  if (plain === '') return ''
  if (/^[\w.+=&'*/^`{|}~!#$%-]*@?[\w.-]+$/.test(plain) && !/[=/]/.test(plain)) return `${property}=${plain}`
  return `${property}="${plain.replace(/["\\]/g, '\\$&')}"`
}

function comment(text: string | undefined): string {
  const plain = (text ?? '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/[()\\]/g, ' ')
    .trim()
  return plain === '' ? '' : `(${plain.slice(0, valueCharactersMax)})`
}
