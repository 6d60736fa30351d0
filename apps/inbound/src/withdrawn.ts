// Thrown by a message's own data, at its end: who hands it over has no say here, or has handed it over before. Nothing has happened
// then, and the mail log is told of nothing.

export class Withdrawn extends Error {
  override readonly name: string = 'Withdrawn'
}
