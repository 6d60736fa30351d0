// A list of the directory from its first page to its last.

import type { Page, PageOptions } from '@postern/mailbox-store'

export async function* everyItem<Item>(list: (page: PageOptions) => Promise<Page<Item>>): AsyncIterable<Item> {
  let afterId: number | undefined
  do {
    const page = await list({ afterId })
    yield* page.items
    afterId = page.next
  } while (afterId !== undefined)
}
