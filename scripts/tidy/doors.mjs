/** A package's index.ts is its only door: nobody imports what is behind it, and no app imports another one but the gateway. */
import { posix } from 'node:path'
import { importsOf } from './imports.mjs'
import { isSource, packageOf } from './tree.mjs'

export const doors = {
  name: 'doors',
  *check(tree) {
    for (const path of tree.paths.filter(isSource)) {
      const home = packageOf(tree, path)
      for (const { specifier, line } of importsOf(tree, path)) {
        const say = specifier.startsWith('.')
          ? leaving(tree, { path, home, specifier })
          : entering(tree, { home, specifier })
        if (say) yield { path, line, say }
      }
    }
  },
}

function leaving(tree, { path, home, specifier }) {
  const target = posix.join(posix.dirname(path), specifier)
  if (home) {
    if (target.startsWith(`${home.folder}/`)) return undefined
    return `${specifier} leaves the package: import another package by its name, or move the file into this one`
  }
  const entered = packageOf(tree, target)
  return entered && `${specifier} reaches into ${entered.name}: import it by its name`
}

function entering(tree, { home, specifier }) {
  const target = tree.packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))
  if (target === undefined) return undefined
  if (specifier !== target.name) return `${specifier} is inside ${target.name}: export it from its index.ts`
  if (target.isApp && target !== home && !home?.tags.includes('gateway'))
    return `only the gateway imports an app: move what both need from ${target.name} into a package`
  return undefined
}
