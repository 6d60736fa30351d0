// Who judges mail from elsewhere, as the settings have it.

import type { Config } from '@postern/config'
import { createJudge, type Judge, nameLookups, rspamd } from '@postern/inbound'
import { networks } from '@postern/service'
import type { Logger, MailLog, Metrics } from '@postern/telemetry'
import { judging } from '../limits.js'

export interface JudgingOptions {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  readonly mailLog: MailLog
  readonly clock: () => number
}

export function judgeOf({ config, logger, metrics, ...others }: JudgingOptions): Judge {
  const { hostname, rspamdUrl: url } = config
  return createJudge({
    ...{ hostname, logger, metrics, ...others },
    names: nameLookups({ servers: config.dnsServers, timeoutMs: judging.namesTimeoutMs }),
    trustedSealers: new Set(config.arcTrusted),
    fronts: networks(config.mxTrustedNetworks),
    judgesFronts: config.judgeFronts,
    rspamd:
      url === undefined ? undefined : rspamd({ url, timeoutMs: judging.rspamdTimeoutMs, hostname, logger, metrics }),
  })
}
