// The rules of inboxes as a part: whoever brings mail into an inbox asks them, be it from elsewhere, from a login or by the relay, and all of them
// ask the same ones.

import type { Config } from '@postern/config'
import type { Store } from '@postern/mailbox-store'
import type { Part } from '@postern/service'
import { createMailLog, type Logger, type Metrics } from '@postern/telemetry'
import type { PlannedMailOptions } from '../rules/planned-mail.js'
import { StoredRules } from '../rules/stored-rules.js'
import type { SendingLookups } from '../sending/sending-lookups.js'
import { OnceStarted } from './once-started.js'

export interface RulesPartOptions {
  readonly config: Config
  readonly store: () => Store
  readonly lookups: () => SendingLookups
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
}

export function createRulesPart(options: RulesPartOptions): Part & { planning(): PlannedMailOptions } {
  const { config, store, lookups, metrics, clock } = options
  const logger = options.logger.child({ part: 'rules' })
  const opened = new OnceStarted<PlannedMailOptions>('rules')
  return {
    name: 'rules',
    planning: () => opened.get(),
    async start() {
      const { directory } = store()
      opened.set({
        ...{ store: store(), lookups: lookups(), hostname: config.hostname, logger, metrics, clock },
        rules: new StoredRules(directory, logger),
        mailLog: createMailLog({ logger, metrics }),
      })
    },
  }
}
