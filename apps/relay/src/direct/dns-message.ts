/** One question and one answer of DNS as bytes (RFC 1035 §4.1, TLSA: RFC 6698 §2.1). */

export interface Mx {
  readonly exchange: string
  readonly priority: number
}

export interface Tlsa {
  readonly usage: number
  readonly selector: number
  readonly matching: number
  readonly data: Buffer
}

export interface Records {
  readonly A: string
  readonly AAAA: string
  readonly MX: Mx
  readonly TXT: string
  readonly TLSA: Tlsa
}

export type RecordType = keyof Records

const codes: Readonly<Record<RecordType, number>> = { A: 1, MX: 15, TXT: 16, AAAA: 28, TLSA: 52 }
const troubles: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 4: 'NOTIMP', 5: 'REFUSED' }
/** RFC 9715: what passes unbroken nearly everywhere. */
const udpBytesMax = 1_232

export function isName(name: string): boolean {
  const labels = labelsOf(name)
  return labels.length > 0 && name.length < 254 && /^[!-~]+$/.test(name) && labels.every((label) => label.length < 64)
}

interface Question {
  readonly id: number
  readonly type: RecordType
  readonly name: string
  readonly isExtended: boolean
}

/** Recursion desired, AD set to be told, and an OPT record for answers of more than 512 bytes (RFC 6891 §6.1). */
export function writeQuestion({ id, type, name, isExtended }: Question): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(0x0120, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(isExtended ? 1 : 0, 10)
  const labels = labelsOf(name).flatMap((label) => [Buffer.of(label.length), Buffer.from(label, 'latin1')])
  const tail = Buffer.from([0, 0, codes[type], 0, 1])
  const opt = Buffer.from([0, 0, 41, udpBytesMax >> 8, udpBytesMax & 255, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, ...labels, tail, ...(isExtended ? [opt] : [])])
}

const labelsOf = (name: string): readonly string[] => name.split('.').filter((label) => label !== '')

export interface Read<Type extends RecordType> {
  readonly records: readonly Records[Type][]
  readonly isSecure: boolean
  readonly isNoName: boolean
  readonly isCut: boolean
  readonly trouble: string | undefined
}

/** Undefined where it's no answer to that question. */
export function readAnswer<Type extends RecordType>(
  bytes: Buffer,
  asked: { id: number; question: Buffer; type: Type },
): Read<Type> | undefined {
  try {
    return read(bytes, asked)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function read<Type extends RecordType>(
  bytes: Buffer,
  asked: { id: number; question: Buffer; type: Type },
): Read<Type> | undefined {
  const flags = bytes.readUInt16BE(2)
  if (bytes.readUInt16BE(0) !== asked.id || (flags & 0x8000) === 0 || bytes.readUInt16BE(4) !== 1) return undefined
  const question = nameAt(bytes, 12)
  const wanted = nameAt(asked.question, 12)
  if (question.name.toLowerCase() !== wanted.name.toLowerCase()) return undefined
  const code = flags & 15
  const records: Records[Type][] = []
  let at = question.end + 4
  for (let count = bytes.readUInt16BE(6); count > 0; count--) {
    const start = nameAt(bytes, at).end
    const data = start + 10
    const end = data + bytes.readUInt16BE(start + 8)
    if (end > bytes.length) throw new RangeError('cut short')
    if (bytes.readUInt16BE(start) === codes[asked.type]) records.push(readers[asked.type](bytes, { at: data, end }))
    at = end
  }
  const isSecure = (flags & 0x0020) !== 0
  const trouble = code === 0 || code === 3 ? undefined : (troubles[code] ?? `code ${code}`)
  return { records, isSecure, isNoName: code === 3, isCut: (flags & 0x0200) !== 0, trouble }
}

type Reader<Type extends RecordType> = (bytes: Buffer, data: { at: number; end: number }) => Records[Type]

const readers: { readonly [Type in RecordType]: Reader<Type> } = {
  A: (bytes, { at, end }) => [...exactly(4, bytes.subarray(at, end))].join('.'),
  AAAA: (bytes, { at, end }) => {
    const groups = exactly(16, bytes.subarray(at, end))
    return Array.from({ length: 8 }, (_, group) => groups.readUInt16BE(group * 2).toString(16)).join(':')
  },
  MX: (bytes, { at }) => ({ priority: bytes.readUInt16BE(at), exchange: nameAt(bytes, at + 2).name.toLowerCase() }),
  TXT: (bytes, { at, end }) => {
    const strings: string[] = []
    for (let from = at; from < end; from += 1 + bytes[from]!)
      strings.push(bytes.toString('latin1', from + 1, from + 1 + bytes[from]!))
    return strings.join('')
  },
  TLSA: (bytes, { at, end }) => ({
    usage: bytes.readUInt8(at),
    selector: bytes.readUInt8(at + 1),
    matching: bytes.readUInt8(at + 2),
    data: Buffer.from(bytes.subarray(at + 3, end)),
  }),
}

function exactly(length: number, bytes: Buffer): Buffer {
  if (bytes.length !== length) throw new RangeError('an address of another length')
  return bytes
}

/** RFC 1035 §4.1.4: a pointer leads to an earlier place, so that no name goes round. */
function nameAt(bytes: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let end: number | undefined
  let at = from
  let earliest = from
  for (;;) {
    const length = bytes.readUInt8(at)
    if (length >= 0xc0) {
      end ??= at + 2
      at = bytes.readUInt16BE(at) & 0x3fff
      if (at >= earliest) throw new RangeError('a pointer leads forward')
      earliest = at
    } else if (length === 0) {
      return { name: labels.join('.'), end: end ?? at + 1 }
    } else {
      if (at + 1 + length > bytes.length) throw new RangeError('cut short')
      labels.push(bytes.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
  }
}
