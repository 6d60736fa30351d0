// The app's only door.

export type {
  Admission,
  HerePlan,
  HereQuestion,
  Login,
  LoginRequest,
  RecipientFacts,
  Sender,
  SendingLookups,
  Sinks,
} from './context.js'
export { defaultSubmissionLimits, type SubmissionLimits } from './limits.js'
export { type SubmissionServer, type SubmissionServerOptions, startSubmissionServer } from './server.js'
