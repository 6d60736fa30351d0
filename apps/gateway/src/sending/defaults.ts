// The sending rules that hold where nobody says otherwise: those of the settings.

import type { Config } from '@postern/config'
import type { SendingDefaults } from '@postern/mailbox-store'
import { sentBytesMax } from '../message-sizes.js'

export const sendingDefaults = (config: Config): SendingDefaults => ({
  messageBytesMax: sentBytesMax(config),
  recipientsMax: config.submissionRecipientsMax,
  sessionMsMax: config.submissionSessionMs,
  showClientAddress: config.showClientAddress,
  ...(config.sendingPerHour === undefined ? {} : { recipientsPerHour: config.sendingPerHour }),
  ...(config.sendingPerDay === undefined ? {} : { recipientsPerDay: config.sendingPerDay }),
})
