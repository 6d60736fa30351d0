// The two classes of the WHATWG Encoding Standard that every JavaScript engine brings. The package is compiled without any
// platform's types, so what it uses of them is declared here and nowhere else.
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: Uint8Array): string
}

declare class TextEncoder {
  encode(input: string): Uint8Array
  encodeInto(input: string, into: Uint8Array): { read: number; written: number }
}
