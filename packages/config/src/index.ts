export { ConfigError } from './config-error.js'
export { renderExample } from './example.js'
export { type LoadOptions, load } from './load.js'
export { type Config, type Mistake, type Role, roleNames, settings } from './settings.js'
