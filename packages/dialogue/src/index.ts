// Conversations as text, played against a server. The package's only door.

export { type Bindings, fillIn, matchLine } from './pattern.js'
export { DialogueError, type PlayOptions, play, type Wire } from './play.js'
export { type Expectation, parseScripts, type Script, ScriptError, type Step } from './script.js'
