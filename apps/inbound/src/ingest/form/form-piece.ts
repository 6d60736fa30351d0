// A form as it's read: piece by piece, each with the name of its field. The first piece of a field may be empty, so that a field
// without a value is heard of. Bytes stay bytes: a message isn't UTF-8 only because it comes in a form.

export interface FormPiece {
  readonly name: string
  /** The first one of this field. */
  readonly begins: boolean
  readonly bytes: Buffer
}
