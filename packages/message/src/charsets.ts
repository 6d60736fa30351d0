// Charset names to text. `Charsets` is the seam: the package decodes through it, and this file is the only one that knows
// iconv-lite. UTF-8 and ASCII never come here from the hot path (decode-text.ts does those itself).
import iconv from 'iconv-lite'
import { hzToGbk, iso2022krToEucKr } from './seven-bit-charsets.js'

export interface Charsets {
  /** The text, or undefined for a charset that isn't known. Never throws; bytes outside the charset become U+FFFD. */
  decode(bytes: Uint8Array, charset: string): string | undefined
}

/** Names in the wild that iconv-lite doesn't know, or reads more narrowly than senders mean them. */
const aliases: Record<string, string> = {
  'iso-8859-1': 'windows-1252',
  latin1: 'windows-1252',
  'iso-8859-9': 'windows-1254',
  'iso-8859-11': 'windows-874',
  'tis-620': 'windows-874',
  'iso-8859-8-i': 'iso-8859-8',
  'iso-8859-8-e': 'iso-8859-8',
  'iso-8859-6-i': 'iso-8859-6',
  'x-sjis': 'shift_jis',
  'x-gbk': 'gbk',
  gb2312: 'gbk',
  'gb_2312-80': 'gbk',
  'x-euc-kr': 'euc-kr',
  ks_c_5601: 'euc-kr',
  'ks_c_5601-1987': 'cp949',
  'x-big5': 'big5',
  'x-mac-roman': 'macroman',
  'unicode-1-1-utf-7': 'utf-7',
  'unicode-1-1-utf-8': 'utf-8',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'x-iso-2022-jp': 'iso-2022-jp',
  csiso2022jp: 'iso-2022-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
}

/** Codecs of iconv-lite that aren't charsets: a message that names one shall not get it. */
const notCharsets = new Set(['base64', 'hex', 'binary'])

const charsetNameCharsMax = 64

export const iconvCharsets: Charsets = {
  decode(bytes, charset) {
    const given = charset.trim().toLowerCase()
    if (given.length === 0 || given.length > charsetNameCharsMax) return undefined
    const name = Object.hasOwn(aliases, given) ? aliases[given]! : given
    if (name === 'iso-2022-jp') return iso2022jp(bytes)
    if (name === 'iso-2022-kr' || name === 'csiso2022kr') return iconv.decode(iso2022krToEucKr(bytes) as never, 'cp949')
    if (name === 'hz-gb-2312' || name === 'hz') return iconv.decode(hzToGbk(bytes) as never, 'gbk')
    if (notCharsets.has(name) || !iconv.encodingExists(name)) return undefined
    return iconv.decode(bytes as never, name)
  },
}

// iconv-lite has no stateful ISO-2022 codec; the engine's own decoder has, unless it was built without its tables.
function iso2022jp(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('iso-2022-jp').decode(bytes)
  } catch {
    return undefined
  }
}
