// All that the list of extensions brings, looked up by name.

import {
  baseFetchRules,
  baseSearchRules,
  type FetchAttribute,
  type FetchRules,
  type SearchRules,
} from '@postern/imap-wire'
import type { Command } from './command.js'
import type { Extension, FetchItem, FetchModifier, ListReturn, SelectParam, StatusItem, StoreKey } from './extension.js'
import type { Session } from './session.js'

/** A FETCH item: the base's own, or an extension's with its argument. */
export type Wanted = FetchAttribute | { readonly kind: 'item'; readonly item: FetchItem; readonly argument: unknown }

export class Registry {
  readonly commands = new Map<string, Command>()
  readonly fetchRules: FetchRules<Wanted>
  readonly statusItems = new Map<string, StatusItem>()
  readonly searchRules: SearchRules<StoreKey>
  readonly selectParams: Readonly<Record<string, SelectParam>>
  readonly fetchModifiers: Readonly<Record<string, FetchModifier>>
  readonly listReturns: Readonly<Record<string, ListReturn>>
  readonly #extensions: readonly Extension[]

  constructor(extensions: readonly Extension[]) {
    this.#extensions = extensions
    const fetchRules = new Map<string, FetchRules<Wanted> extends ReadonlyMap<string, infer R> ? R : never>(
      baseFetchRules,
    )
    const searchRules = baseSearchRules<StoreKey>()
    for (const extension of extensions) {
      for (const command of extension.commands ?? []) this.commands.set(command.name, command)
      for (const item of extension.fetchItems ?? [])
        fetchRules.set(item.name, (p) => ({ kind: 'item', item, argument: item.parse?.(p) }))
      for (const item of extension.statusItems ?? []) this.statusItems.set(item.name, item)
      for (const [name, rule] of extension.searchKeys ?? []) searchRules.set(name, rule)
    }
    this.selectParams = byName(extensions.flatMap(({ selectParams }) => selectParams ?? []))
    this.fetchModifiers = byName(extensions.flatMap(({ fetchModifiers }) => fetchModifiers ?? []))
    this.listReturns = byName(extensions.flatMap(({ listReturns }) => listReturns ?? []))
    this.fetchRules = fetchRules
    this.searchRules = searchRules
  }

  capabilities(session: Session): string[] {
    return this.#extensions.flatMap(({ capability, when }) =>
      capability === undefined || when?.(session) === false ? [] : capability,
    )
  }

  /** The capability that was enabled, as CAPABILITY spells it; unknown names are passed over (RFC 5161 §3.1). */
  enable(name: string, session: Session): string | undefined {
    for (const { capability, enable } of this.#extensions) {
      const spelled = enable && [capability].flat().find((one) => one?.toUpperCase() === name.toUpperCase())
      if (spelled === undefined) continue
      enable?.(session)
      return spelled
    }
    return undefined
  }
}

const byName = <T extends { readonly name: string }>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item) => [item.name, item]))
