/** Every cause of a refusal, and how somebody comes to it: a world, and the question that is asked in it. */
import type { Cause, Question } from '../src/index.js'
import { now0, type Town } from './town.js'

export const wrongOf = (secret: string): string => secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')

type World = (town: Town) => { secret: string; question?: Partial<Question> }

/** Each cause, and how one comes to it. */
export const refusals: readonly (readonly [Cause, World])[] = [
  ['no secret of ours', () => ({ secret: 'password1' })],
  ['unknown secret', (town) => ({ secret: wrongPublicPart(town.credential().secret) })],
  ['wrong secret', (town) => ({ secret: wrongOf(town.credential().secret) })],
  ['secret expired', (town) => town.credential({}, now0)],
  ['credential revoked', (town) => town.credential({ revokedAt: now0 - 1 })],
  ['credential disabled', (town) => town.credential({ disabled: true })],
  ['credential expired', (town) => town.credential({ expiresAt: now0 })],
  ['network not allowed', (town) => town.credential({ networks: ['198.51.100.0/24'] })],
  ['scope missing', (town) => town.credential({ scopes: ['api'], grants: ['*'] })],
  ['no such user', (town) => ({ ...town.credential({ grants: ['*'] }), question: { user: 'nobody@example.test' } })],
  ['another environment', (town) => ({ ...town.credential({ grants: ['*'] }), question: { user: 'zoe@other.test' } })],
  ['address not granted', (town) => ({ ...town.credential(), question: { user: 'bob@example.test' } })],
  ['inbox disabled', (town) => town.inbox('alice@example.test', { disabled: true }) && town.credential()],
  ['domain not verified', (town) => town.domain('example.test', { verifiedAt: undefined }) && town.credential()],
  ['domain keeps no mail', (town) => town.domain('example.test', { mode: 'zero-retention' }) && town.credential()],
  ['acting as another', (town) => ({ ...town.credential(), question: { authorize: 'bob@example.test' } })],
  ['tokens not configured', () => ({ secret: '', question: { token: 'abc' } })],
]

function wrongPublicPart(secret: string): string {
  const [ps, kind, , rest] = secret.split('_')
  return [ps, kind, '0000000000', rest].join('_')
}
