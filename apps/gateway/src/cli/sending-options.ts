// The options that say what somebody may send (contract D2, D3, D6), of tenants, domains, inboxes and credentials alike; and
// how such rules read. The nearest one that says something wins: credential, inbox, domain, tenant, then the settings.

import type { SendingChanges, SendingRules } from '@postern/mailbox-store'
import { one, oneOf, type Values } from './options.js'
import { bytesOrNone, countOrNone, sizeText, spanOrNone, spanText } from './quantities.js'

const orNone =
  <const Word extends string>(words: readonly Word[]) =>
  (text: string): Word | null => {
    const word = oneOf([...words, 'none'])(text)
    return word === 'none' ? null : (word as Word)
  }
const onOrOff = orNone(['on', 'off'])

export const sendingOptions = {
  sendsPerHour: one(
    '<count>',
    'recipients that may be sent to within an hour; `none` takes the rule away',
    countOrNone,
  ),
  sendsPerDay: one('<count>', 'recipients that may be sent to within a day; `none` takes the rule away', countOrNone),
  messageBytesMax: one('<size>', 'the largest message, such as 25M; `none` takes the rule away', bytesOrNone),
  recipientsMax: one('<count>', 'recipients of one message; `none` takes the rule away', countOrNone),
  sessionMax: one('<span>', 'how long a session may last, such as 30m; `none` takes the rule away', spanOrNone),
  from: one(
    '<reject|rewrite|none>',
    'what happens to a sender that the credential does not cover',
    orNone(['reject', 'rewrite']),
  ),
  malformed: one(
    '<refuse|mend|none>',
    'what happens to mail with over-long lines, bare line ends or raw bytes in its header',
    orNone(['refuse', 'mend']),
  ),
  showClientAddress: one(
    '<on|off|none>',
    "whether recipients are told the client's network address",
    (text): boolean | null => {
      const word = onOrOff(text)
      return word === null ? null : word === 'on'
    },
  ),
} as const

/** Undefined where nothing is asked. */
export function sendingChangesOf(options: Values<typeof sendingOptions>): SendingChanges | undefined {
  const changes: SendingChanges = {
    recipientsPerHour: options.sendsPerHour,
    recipientsPerDay: options.sendsPerDay,
    messageBytesMax: options.messageBytesMax,
    recipientsMax: options.recipientsMax,
    sessionMsMax: options.sessionMax,
    from: options.from,
    malformed: options.malformed,
    showClientAddress: options.showClientAddress,
  }
  return Object.values(changes).every((each) => each === undefined) ? undefined : changes
}

export type SendingObject = ReturnType<typeof sendingObject>

/** As the API has it: null where nothing is said. */
export const sendingObject = (rules: SendingRules) => ({
  recipients_per_hour: rules.recipientsPerHour ?? null,
  recipients_per_day: rules.recipientsPerDay ?? null,
  message_bytes_max: rules.messageBytesMax ?? null,
  recipients_max: rules.recipientsMax ?? null,
  session_ms_max: rules.sessionMsMax ?? null,
  from: rules.from ?? null,
  malformed: rules.malformed ?? null,
  show_client_address: rules.showClientAddress ?? null,
})

/** For `fields`: only the rules that are there. */
export function sendingFields(rules: SendingObject): [name: string, value: string | undefined][] {
  const perHour = rules.recipients_per_hour === null ? [] : [`${rules.recipients_per_hour} an hour`]
  const perDay = rules.recipients_per_day === null ? [] : [`${rules.recipients_per_day} a day`]
  const sends = [...perHour, ...perDay]
  return [
    ['Sends at most', sends.length === 0 ? undefined : `to ${sends.join(' and ')}`],
    ['Largest message', rules.message_bytes_max === null ? undefined : sizeText(rules.message_bytes_max)],
    ['Recipients at most', rules.recipients_max === null ? undefined : String(rules.recipients_max)],
    ['Session at most', rules.session_ms_max === null ? undefined : spanText(rules.session_ms_max)],
    ['Foreign senders', rules.from === null ? undefined : `${rules.from}`],
    ['Malformed mail', rules.malformed ?? undefined],
    ['Client address', rules.show_client_address === null ? undefined : rules.show_client_address ? 'shown' : 'hidden'],
  ]
}
