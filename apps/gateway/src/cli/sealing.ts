// The server key in use, for a command that seals or opens what the directory keeps sealed, or asks about sending.

import { serverKeyFor } from '../parts/server-key.js'
import { sendingDefaults } from '../sending/defaults.js'
import { type SealedRecords, sealedRecords } from '../sending/sealed-records.js'
import { SendingLookups } from '../sending/sending-lookups.js'
import type { OpenStore } from './existing-store.js'

export async function sealedOf({ store, folder }: OpenStore): Promise<SealedRecords> {
  return sealedRecords(await serverKeyFor(store.directory, folder.serverKey))
}

/** As submission and relay of a gateway with these settings ask. */
export async function sendingLookupsOf(open: OpenStore): Promise<SendingLookups> {
  const { store, config } = open
  return new SendingLookups({
    ...{ directory: store.directory, sealed: await sealedOf(open), fallback: config.route },
    ...{ defaults: sendingDefaults(config), elapsedMs: () => performance.now() },
  })
}
