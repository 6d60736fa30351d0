// What a key has to be before anything is encrypted to it, with keys that GnuPG makes; what is wrong is said.

import { expect, test } from 'vitest'
import { KeyTrouble, readPublicKey } from '../src/index.js'
import { Gpg } from './gpg.js'

const wrong = async (armoured: string, at = Date.now()): Promise<string> => {
  const error = await readPublicKey(armoured, { at }).catch((trouble: unknown) => trouble)
  expect(error).toBeInstanceOf(KeyTrouble)
  return (error as KeyTrouble).message
}

test('one that can be used says who it is and until when', async () => {
  const gpg = new Gpg()
  const key = await readPublicKey(gpg.makeKey('Ada <ada@example.test>', { expires: '30d' }), { at: Date.now() })
  expect(key).toMatchObject({
    fingerprint: expect.stringMatching(/^[0-9A-F]{40}$/),
    userIds: ['Ada <ada@example.test>'],
  })
  expect(key.expiresAt! / 86_400_000).toBeCloseTo(Date.now() / 86_400_000 + 30, 0)
})

test('text that is no key, several keys, and a private one are refused', async () => {
  const gpg = new Gpg()
  const [one, two] = [gpg.makeKey('one@example.test'), gpg.makeKey('two@example.test')]
  expect(await wrong('')).toMatch(/^This is no armoured OpenPGP key: /)
  expect(await wrong(one.replace(/\n(\w{20})/, '\n????'))).toMatch(/^This is no armoured OpenPGP key: /)
  expect(await wrong(gpg.say(['--armor', '--export']).toString())).toBe('The text has 2 keys, and one is needed.')
  expect(two).not.toBe(one)
  const secret = gpg.say([
    '--armor',
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    '',
    '--export-secret-keys',
    'one@example.test',
  ])
  expect(await wrong(secret.toString())).toMatch(/^This is a private key/)
})

test('one that has expired, was revoked, or can only sign is refused', async () => {
  const gpg = new Gpg()
  const expiring = gpg.makeKey('old@example.test', { expires: '1d' })
  expect(await wrong(expiring, Date.now() + 2 * 86_400_000)).toMatch(/^The key expired on \d{4}-\d\d-\d\d\.$/)
  const signing = gpg.makeKey('sign@example.test', { encrypts: 'nothing' })
  expect(await wrong(signing)).toMatch(/^Nothing can be encrypted to this key: /)
  const revoked = gpg.makeKey('lost@example.test')
  const { fingerprint } = await readPublicKey(revoked, { at: Date.now() })
  gpg.revoke(fingerprint)
  expect(await wrong(gpg.publicKey('lost@example.test'))).toBe('The key is revoked.')
})
