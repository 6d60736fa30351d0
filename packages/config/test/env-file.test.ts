/** The lines an env file may have, and those it may not. */
import { expect, test } from 'vitest'
import { parseEnvFile } from '../src/env-file.js'

test.each([
  ['A=1', { A: '1' }],
  ['  A = 1  ', { A: '1' }],
  ['export A=1', { A: '1' }],
  ['A=', { A: '' }],
  ['A=1 # one', { A: '1' }],
  ['A=a#b', { A: 'a#b' }],
  ['A=# nothing', { A: '' }],
  ['A=a=b', { A: 'a=b' }],
  ["A='a # $b \\n'", { A: 'a # $b \\n' }],
  ['A="a # b\\n\\"c\\" \\\\ \\$d" # e', { A: 'a # b\n"c" \\ $d' }],
  ['A="\\x"', { A: '\\x' }],
  ['\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['# A=1\n\n\t\nB=2', { B: '2' }],
])('%j', (content, expected) => {
  const file = parseEnvFile(content, 'f')
  expect(Object.fromEntries(file.values)).toEqual(expected)
  expect(file.mistakes).toEqual([])
})

test.each([
  ['A=1\nB', 'f line 2', 'is not of the form NAME=value'],
  ['\n\n=1', 'f line 3', 'is not of the form NAME=value'],
  ['1A=1', 'f line 1', 'is not of the form NAME=value'],
  ['A="1', 'f line 1', 'gives A a value with unbalanced quotes'],
  ["A='1' 2", 'f line 1', 'gives A a value with unbalanced quotes'],
  ['A=1\nA=2', 'f line 2', 'sets A a second time'],
])('%j is a mistake', (content, name, wrong) => {
  expect(parseEnvFile(content, 'f').mistakes).toEqual([{ name, wrong, fix: expect.any(String) }])
})
