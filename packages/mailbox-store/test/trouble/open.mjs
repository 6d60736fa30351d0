// Tries to open a store and to write to it, and reports the refusal as one JSON object.

import { openStore } from '@postern/mailbox-store'

try {
  const store = await openStore({ folder: process.argv[2] })
  await store.directory.ensureDefault({ tenant: 'default', environment: 'another' })
  await store.close()
  console.log(JSON.stringify({ code: 'opened' }))
} catch ({ name, code, message, fix }) {
  console.log(JSON.stringify({ name, code, message, fix }))
}
process.exit(0)
