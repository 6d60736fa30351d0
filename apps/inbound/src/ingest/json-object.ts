// JSON that somebody has sent: an object, or a refusal that says what it should have been.

import { malformed } from './post.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** @param what begins the sentence: `The envelope` */
export function jsonObject(text: string, what: string): JsonObject {
  try {
    return asObject(JSON.parse(text), what)
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(`${what} is no JSON.`)
    throw error
  }
}

export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${what} is no JSON object.`)
  return value as JsonObject
}

export function textIn(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value !== 'string') throw malformed(`${name} is missing, or no text.`)
  return value
}
