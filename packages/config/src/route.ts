/** The kind of setting that says how mail leaves: a route as `readRoute` of @postern/routing has it. */
import { type Route, RouteMistake, readRoute } from '@postern/routing'
import { z } from 'zod'

export const route = () =>
  z.string().transform((text, context): Route => {
    try {
      return readRoute(text)
    } catch (error) {
      if (!(error instanceof RouteMistake)) throw error
      context.addIssue(error.message.replace(/\.$/, ''))
      return z.NEVER
    }
  })
