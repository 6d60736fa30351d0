// Whether another process has committed: SQLite says so by a number that moves (`PRAGMA data_version`). To ask costs more than
// to read a row, so it's asked once until the promises of the present callback have run out: nothing that another process
// has told anybody can have come in before. A commit of this process, in whichever store, makes it be asked anew.

import type { Connection } from './connection.js'

let turn = 0
let isEnding = false
let commits = 0

/** Moves when the promises that are ready now have run out: a tick that a promise asks for comes after all of them. */
function turnNow(): number {
  if (!isEnding) {
    isEnding = true
    queueMicrotask(() =>
      process.nextTick(() => {
        isEnding = false
        turn++
      }),
    )
  }
  return turn
}

export class Others {
  readonly #db: Connection
  #version = -1
  #turn = -1
  #commits = -1

  constructor(db: Connection) {
    this.#db = db
  }

  /** Of the database, as other processes have left it. */
  get version(): number {
    return this.#turn === turnNow() && this.#commits === commits ? this.#version : this.look()
  }

  /** Within a transaction or a snapshot: it doesn't move until that ends. */
  look(): number {
    this.#version = this.#db.dataVersion()
    this.#turn = turnNow()
    this.#commits = commits
    return this.#version
  }

  /** This store has committed, and has looked within that transaction. */
  committed(): void {
    commits++
    this.#commits = commits
    this.#turn = turnNow()
  }
}
