// A client that keeps whole answers: commands go out with non-synchronising literals, and what comes back is a list of
// responses, literals in their places, one character a byte.

import { connect } from 'node:tls'

const patienceMs = 20_000

export class Client {
  #socket
  #buffer = ''
  #from = 0
  #waiting
  #tag = 0

  static async open(server, { user, password }) {
    const client = new Client()
    client.#socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false })
    client.#socket.setNoDelay(true)
    client.#socket.setEncoding('latin1')
    client.#socket.on('data', (text) => {
      client.#buffer += text
      client.#waiting?.()
    })
    client.#socket.on('error', () => {})
    client.#socket.on('close', () => {
      client.isClosed = true
      client.#waiting?.()
    })
    await client.#line()
    await client.command(`LOGIN ${user} ${password}`)
    return client
  }

  isClosed = false

  /** The untagged responses and the tagged one, without the tag. */
  async command(text, { until } = {}) {
    const tag = `t${++this.#tag}`
    this.#socket.write(Buffer.from(`${tag} ${text}\r\n`, 'latin1'))
    return this.#answer(tag, until)
  }

  /** Bytes as they are, with what comes until a line that `isLast` takes. */
  async raw(text, isLast) {
    this.#socket.write(Buffer.from(text, 'latin1'))
    const lines = []
    for (;;) {
      const line = await this.#line()
      if (line === undefined) return lines
      lines.push(line)
      if (isLast(line)) return lines
    }
  }

  async #answer(tag, until) {
    const untagged = []
    for (;;) {
      const line = await this.#line()
      if (line === undefined) return { untagged, tagged: '(closed)' }
      if (line.startsWith(`${tag} `)) return { untagged, tagged: line.slice(tag.length + 1) }
      if (until?.(line) === true) return { untagged, tagged: line }
      untagged.push(line)
    }
  }

  async #line() {
    for (;;) {
      const end = endOfResponse(this.#buffer, this.#from)
      if (end !== undefined) {
        const line = this.#buffer.slice(this.#from, end)
        this.#from = end + 2
        if (this.#from === this.#buffer.length) {
          this.#buffer = ''
          this.#from = 0
        }
        return line
      }
      if (this.isClosed) return undefined
      let timer
      await new Promise((resolve, reject) => {
        this.#waiting = resolve
        timer = setTimeout(
          () => reject(new Error(`nothing for ${patienceMs} ms; so far: ${this.#buffer.slice(this.#from)}`)),
          patienceMs,
        )
      })
      clearTimeout(timer)
    }
  }

  end() {
    this.#socket.destroy()
  }
}

function endOfResponse(text, start) {
  let from = start
  for (;;) {
    const end = text.indexOf('\r\n', from)
    if (end < 0) return undefined
    const literal = /~?\{(\d+)\}$/.exec(text.slice(from, end))
    if (literal === null) return end
    from = end + 2 + Number(literal[1])
    if (from > text.length) return undefined
  }
}
