/** One file, one thing: no file grows past a bound, and none is named after nothing in particular. */
import { isTest } from './tree.mjs'

const linesMax = 500
const emptyNames = /(?:^|\/)(?:utils?|helpers?|common|managers?|types|misc)\.(?:ts|mjs|js)$/

export const fileShape = {
  name: 'shape',
  *check(tree) {
    for (const path of tree.paths) {
      if (emptyNames.test(path)) yield { path, line: 1, say: 'name the file after the one thing in it' }
      if (!/\.(?:ts|mjs)$/.test(path) || isTest(path)) continue
      const lines = tree.text(path).split('\n').length - 1
      if (lines > linesMax) yield { path, line: linesMax + 1, say: `${lines} lines, ${linesMax} at most: split it` }
    }
  },
}
