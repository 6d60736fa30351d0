// What a thread answers, and how an error crosses over: refusals as they are, anything else as its stack.

import { StoreRefusal } from '../refusals.js'

export interface BackgroundAnswer {
  /** 0 where nobody asked. */
  readonly id: number
  readonly value?: unknown
  readonly refusal?: { readonly code: StoreRefusal['code']; readonly message: string; readonly fix: string | undefined }
  readonly error?: string
}

export function failure(id: number, error: unknown): BackgroundAnswer {
  if (error instanceof StoreRefusal)
    return { id, refusal: { code: error.code, message: error.message, fix: error.fix } }
  return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

export interface Asker {
  resolve(value: unknown): void
  reject(error: unknown): void
}

export function settle({ resolve, reject }: Asker, { value, refusal, error }: BackgroundAnswer): void {
  if (refusal !== undefined) {
    const { code, message, fix } = refusal
    reject(new StoreRefusal(code, message, fix === undefined ? {} : { fix }))
  } else if (error !== undefined) reject(new Error(error))
  else resolve(value)
}
