// The `postern` command line's first and last steps: what it was asked in, an exit code out. Everything between is in
// cli/. A gateway that was started keeps the process; its lifecycle ends it.

import { runCli } from './cli/program.js'

const exitCode = await runCli(process.argv.slice(2))
// Also ends a gateway that is up and couldn't say so.
if (exitCode) process.exit(exitCode)
