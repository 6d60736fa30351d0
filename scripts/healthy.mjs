#!/usr/bin/env node
/**
 * Whether the gateway on this machine is ready: exit code 0 or 1, and why on standard output. What a container's health check runs,
 * where there's no curl.
 */
const port = process.env.POSTERN_HTTP_PORT || 8080
const said = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) }).then(
  async (answer) => ({ isReady: answer.ok, text: await answer.text() }),
  (error) => ({ isReady: false, text: String(error.cause ?? error) }),
)
console.log(said.text.trim())
process.exitCode = said.isReady ? 0 : 1
