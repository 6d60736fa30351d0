/** Nothing of one machine gets into the tree: no absolute path of somebody's checkout, no package registry's address. */
import { isRule, matches } from './tree.mjs'

const traces = [
  [
    /(?<![\w.)\]}-])\/(?:work|home|root)\/[\w.-]*/g,
    'an absolute path of one machine: write it from the root of the tree',
  ],
  [
    /(?<=\/\/)(?:registry|deb|packages)\.[\w-]+(?:\.[\w-]+)+/g,
    'a registry’s address: leave it to the client’s settings',
  ],
]

export const machineTraces = {
  name: 'machine',
  *check(tree) {
    for (const path of tree.paths.filter((path) => !isRule(path))) {
      if (path.endsWith('package-lock.json')) yield* lockedAddresses(tree, path)
      else if (path.endsWith('.eml')) continue
      else
        for (const [pattern, what] of traces)
          for (const { match, line } of matches(tree.text(path), pattern))
            yield { path, line, say: `${match[0]} is ${what}` }
    }
  },
}

function* lockedAddresses(tree, path) {
  for (const { line } of matches(tree.text(path), /"resolved": "https?:/g))
    yield { path, line, say: 'an address of a registry: npm config set omit-lockfile-registry-resolved true' }
}
