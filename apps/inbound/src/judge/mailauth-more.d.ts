// What mailauth hands back and its own types leave out.

import 'mailauth'

declare module 'mailauth' {
  interface DKIMResult {
    /** `a=` as it was signed. */
    readonly algo?: string
    /** The names of the fields that the signature covers, each as often as it covers it. */
    readonly signingHeaders?: { readonly keys: string }
    /** Bytes of the body behind `l=`. */
    readonly canonBodyLength?: number
    readonly canonBodyLengthTotal?: number
  }
}
