// Every limit of the outbox by name. How many recipients a client may name is a policy of the submission server; these
// are what the store itself bears.

export const recipientsPerSubmissionMax = 1_000
export const queueIdCharactersMax = 64
/** A path as SMTPUTF8 allows it, with some air. */
export const pathBytesMax = 512
export const envelopeWordBytesMax = 500
/** Of a remote server's answer: the rest is cut. */
export const replyTextCharactersMax = 1_000
export const claimMax = 500
/** How far a claim looks past recipients of busy domains before it asks domain by domain. */
export const claimScanMax = 1_000
export const claimDomainsMax = 200
/** What one domain gets of a claim that is asked domain by domain. */
export const claimPerDomainMax = 20
export const expiredLeasesPerClaimMax = 1_000
export const leaseMsMax = 3_600_000
export const purgeMax = 1_000
/** Rows of old sending counts, and of candidates for merging, that go in one transaction. */
export const sendingCountsPruneMax = 1_000
export const sentCandidatesPruneMax = 1_000
/** What a relay held when it died is tried again at once so often, and then after this. */
export const triesBeforeDiedWait = 3
export const diedWaitMs = 300_000
/** Of who gives the ids of what comes once, of such an id, and of the answer that is kept with it. */
export const onceWordCharactersMax = 300
export const onceAnswerBytesMax = 65_536
/** What comes again later than this is taken for something new; and what goes of these rows in one transaction. */
export const onceKeptMs = 172_800_000
export const oncePruneMax = 500
/** Whom a rule has answered is known so long, at the most. */
export const repliedKeptMs = 90 * 86_400_000
export const repliedPruneMax = 500
/** Of one rule, within the time: a flood of senders is not answered for ever. */
export const repliedPerRuleMax = 10_000
