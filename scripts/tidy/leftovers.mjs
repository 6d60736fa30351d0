/** Nothing half done is committed: no test that runs alone or not at all, no note to oneself. */
import { isRule, isSource, isTest, matches } from './tree.mjs'

const notes = /\b(?:TODO|FIXME)\b/g
const narrowed = /\b(?:it|test|describe|suite|bench|ctx|context)(?:\.\w+)*\.(?:only|skip)\b\s*[(.`]/g

export const leftovers = {
  name: 'leftover',
  *check(tree) {
    for (const path of tree.paths.filter((path) => !isRule(path))) {
      if (isSource(path) || path.endsWith('.md'))
        for (const { match, line } of matches(tree.text(path), notes))
          yield { path, line, say: `${match[0]}: do it now, or file it where work is planned` }
      if (isSource(path) && isTest(path))
        for (const { match, line } of matches(tree.code(path), narrowed))
          yield { path, line, say: `${match[0].replace(/\s*[(.`]$/, '')}: every test runs, or is deleted` }
    }
  },
}
