// The one-time link in a mail ("Confirm your address"), by the words in it and around it: the same idea as one-time-code.ts.

import { htmlText } from './html-text.js'

const linksMax = 200
const linkCharsMax = 2000
const htmlCharsMax = 256 * 1024
const pointsMin = 3

/** Up to the end of its href; the quantifiers are bounded, so that hostile HTML can't make it search back and forth. */
const anchor = /<a\s[^<>]{0,4000}?href\s{0,3}=\s{0,3}(?:"([^"<>]{1,2000})"|'([^'<>]{1,2000})')/gi

interface Link {
  url: string
  /** The text of the anchor, or what stands before the link. */
  label: string
}

const actionInUrl =
  /verif|confirm|activat|magic|one[-_]?time|otp|sign[-_]?in|log[-_]?in|auth|reset|password|invit|accept|callback|validate|opt-?in/i
const secretInUrl = /[?&/#](?:token|code|t|key|hash|otp|nonce|sig|ticket)[=/]|[A-Za-z0-9_-]{20,}/
const actionInLabel =
  /verif|confirm|activat|sign in|log ?in|magic|reset|password|accept|join|complete|continue|get started|bestätig|anmeld|confirm(?:er|ar)|verific|激活|验证|確認|인증/i
const otherPurpose =
  /unsubscri|preferences|privacy|terms|help|support|view[-_ ]?(?:in|it|online)|browser|facebook|twitter|linkedin|instagram|youtube|apple\.com\/app|play\.google|\.(?:png|gif|jpe?g|svg|css)(?:$|\?)/i

export function findLink(text: string, html: string): string | undefined {
  let best: { url: string; points: number } | undefined
  for (const link of [...htmlLinks(html.slice(0, htmlCharsMax)), ...textLinks(text.slice(0, htmlCharsMax))]) {
    const points = pointsOf(link)
    if (points >= pointsMin && points > (best?.points ?? 0)) best = { url: link.url, points }
  }
  return best?.url
}

function pointsOf({ url, label }: Link): number {
  let points = 0
  if (actionInUrl.test(url)) points += 3
  if (secretInUrl.test(url)) points += 1
  if (actionInLabel.test(label)) points += 3
  if (otherPurpose.test(url) || otherPurpose.test(label)) points -= 6
  return points
}

function htmlLinks(html: string): Link[] {
  const found: Link[] = []
  for (const match of html.matchAll(anchor)) {
    const url = htmlText((match[1] ?? match[2])!, { charsMax: linkCharsMax }).trim()
    const after = html.indexOf('>', match.index + match[0].length) + 1
    const close = html.indexOf('</', after)
    const label = htmlText(html.slice(after, Math.min(after + 500, endOfAnchor(html, close))), { charsMax: 200 })
    if (/^https?:/i.test(url)) found.push({ url, label: label.trim() })
    if (found.length >= linksMax) break
  }
  return found
}

function endOfAnchor(html: string, close: number): number {
  if (close < 0) return html.length
  const anchor = html.slice(close, close + 500).search(/<\/a/i)
  return anchor < 0 ? close : close + anchor
}

function textLinks(text: string): Link[] {
  const found: Link[] = []
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'()[\]{}]{3,2000}/gi)) {
    const label = text.slice(Math.max(0, match.index - 80), match.index)
    found.push({ url: match[0].replace(/[.,;:!?]+$/, ''), label })
    if (found.length >= linksMax) break
  }
  return found
}
