// How far it is, on a terminal: one line that is written over. Where standard error is none, nothing.

const everyMs = 250

export interface Progress {
  show(text: () => string): void
  end(): void
}

export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { show: () => undefined, end: () => undefined }
  let last = 0
  return {
    show(text) {
      const now = performance.now()
      if (now - last < everyMs) return
      last = now
      stream.write(`\r\u001b[K${text().slice(0, Math.max(20, stream.columns - 1))}`)
    },
    end() {
      if (last > 0) stream.write('\r\u001b[K')
    },
  }
}
