// The app's only door.

export type { Admission, Login, LoginRequest } from './context.js'
export { defaultImapLimits, type ImapLimits } from './limits.js'
export { type ImapServer, type ImapServerOptions, startImapServer } from './server.js'
