// What a client says of itself. RFC 2971 §3.3 and §4:
//
//   id_params_list = "(" #(string SPACE nstring) ")" / nil
import type { Parser } from './parser.js'

/** RFC 2971 §3.3: "Implementations MUST NOT send more than 30 field-value pairs". */
export const idPairsMax = 30
/** Octets there, characters here: what's longer is cut, since it's only shown and logged. */
const fieldLengthMax = 30
const valueLengthMax = 1024

/** By field names in small letters; a name that comes twice keeps its first value. */
export function idParamsList(p: Parser): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>()
  if (p.tryNil()) return found
  let pairs = 0
  p.listOrEmpty(() => {
    if (++pairs > idPairsMax) p.refuse('Too many fields')
    const field = p.string().slice(0, fieldLengthMax).toLowerCase()
    p.sp()
    const value = p.nstring()?.slice(0, valueLengthMax)
    if (!found.has(field)) found.set(field, value)
  })
  return found
}
