// Every limit of rules by name. How many an inbox has is also what the store holds to.

export const limits = {
  rulesPerInboxMax: 100,
  ruleCharactersMax: 16_384,
  nameCharactersMax: 200,
  conditionsPerRuleMax: 50,
  conditionDepthMax: 10,
  valuesPerTestMax: 100,
  valueCharactersMax: 500,
  headerNameCharactersMax: 100,
  actionsPerRuleMax: 20,
  keywordsPerRuleMax: 20,
  keywordCharactersMax: 100,
  mailboxNameCharactersMax: 500,
  addressCharactersMax: 254,
  urlCharactersMax: 2_000,
  replyCharactersMax: 8_000,
  replySubjectCharactersMax: 200,
  replyDaysMax: 90,
  /** What all rules together make of one message. */
  forwardsPerMessageMax: 10,
  mailboxesPerMessageMax: 20,
  /** Inboxes of any server that have had the message before, by its Delivered-To fields. */
  deliveriesBeforeMax: 10,
  /** Of a message, what conditions look at. */
  headerBytesMax: 262_144,
  fieldsMax: 1_000,
  fieldCharactersMax: 10_000,
  addressesPerFieldMax: 1_000,
} as const
