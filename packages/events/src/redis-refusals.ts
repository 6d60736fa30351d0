/**
 * What becomes of an error of Redis: one that isn't Redis's own answer is the link's to judge. What Redis answers in refusal (no
 * leave, no memory, a replica) is told, once for as long as its first word stays the same, since it may come with every command.
 */
import { isRefusal, type RedisLink } from './redis-link.js'

export interface RefusalsOptions {
  readonly link: RedisLink
  /** Of what Redis refused something: "the doorbell". */
  readonly what: string
  readonly onError: (error: unknown) => void
}

export function refusalTeller({ link, what, onError }: RefusalsOptions): (error: unknown) => void {
  let told = ''
  return (error) => {
    link.failed(error)
    if (!isRefusal(error)) return
    const { message } = error
    const [code = ''] = message.split(' ', 1)
    if (code === told) return
    told = code
    onError(new Error(`Redis refuses ${what}: ${message}`))
  }
}
