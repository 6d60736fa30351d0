// How a file of conversations is called after a command or a capability: in small letters, without the number that a
// capability may carry; `=` is a dash, `+` is said. A command has the file of its name; an extension one of its capabilities'
// names, or of its commands'.

const fileName = (name) =>
  `${name.toLowerCase().replace(/=\d+$/, '').replace(/\+$/, '-plus').replace(/[=+]/g, '-')}.txt`

export const dialogueOfCommand = (name) => fileName(name)

/**
 * Those that may stand for it.
 * @param {{ readonly capability?: string | readonly string[], readonly commands?: readonly { readonly name: string }[] }} extension
 */
export function dialoguesOf({ capability, commands = [] }) {
  return [...new Set([...[capability ?? []].flat(), ...commands.map(({ name }) => name)].map(fileName))]
}
