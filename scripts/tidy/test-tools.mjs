/** What tests are written with is in tests alone: turbo.json lets every package import it without a line in package.json. */
import { importsOf } from './imports.mjs'
import { isSource, packageOf } from './tree.mjs'

const tools = ['vitest', 'fast-check']

export const testTools = {
  name: 'test-tools',
  *check(tree) {
    for (const path of tree.paths.filter(isSource)) {
      const home = packageOf(tree, path)
      if (home === undefined || !path.startsWith(`${home.folder}/src/`)) continue
      for (const { specifier, line } of importsOf(tree, path))
        if (tools.includes(specifier)) yield { path, line, say: `${specifier} is for tests: keep it out of src` }
    }
  },
}
