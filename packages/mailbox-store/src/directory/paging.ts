// Paging by cursor: the id of the last row seen. One row more than asked for is read, so that the last page says so.

import { refuse } from '../refusals.js'
import type { Page, PageOptions } from './directory.js'
import { pageMax } from './limits.js'

export function pageSize({ limit = pageMax }: PageOptions): number {
  if (!Number.isInteger(limit) || limit < 1) refuse('invalid', 'A page has at least one row.')
  return Math.min(limit, pageMax)
}

/** The page of `rows`, of which one more than `size` was asked for. */
export function pageOf<Item extends { readonly id: number }>(rows: Item[], size: number): Page<Item> {
  const items = rows.slice(0, size)
  return { items, next: rows.length > size ? items.at(-1)?.id : undefined }
}
