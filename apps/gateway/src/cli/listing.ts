// A command that lists: pages of the directory, printed while they're read, so that a list of any length costs the memory of
// one page. --limit ends it early and says where the next one begins; without it everything comes.

import type { Page, PageOptions } from '@postern/mailbox-store'
import { type Command, type Invocation, type Outcome, readOptions } from './command.js'
import type { OpenStore } from './existing-store.js'
import { openExisting } from './existing-store.js'
import { type OptionTable, one } from './options.js'
import { atLeastOne, count } from './quantities.js'
import { table } from './table.js'

interface Listing<Table extends OptionTable, Item> {
  readonly about: string
  readonly parameters?: Command['parameters']
  readonly options: Table
  /** The objects of one page, as the API shows them. */
  page(
    open: OpenStore,
    options: Invocation<Table>['options'],
    args: readonly string[],
  ): Promise<(page: PageOptions) => Promise<{ readonly items: readonly Item[]; readonly next: Page<Item>['next'] }>>
  readonly columns: readonly (readonly [title: string, cell: (item: Item) => string])[]
}

const pageOptions = {
  limit: one('<count>', 'at most so many', atLeastOne),
  after: one('<cursor>', 'go on where a list with --limit ended', count),
} as const

/** Rows of one page; a person waits no longer than for these. */
const pageRows = 500

export function listing<Item, const Table extends OptionTable>(
  name: string,
  definition: Listing<Table, Item>,
): Command {
  const options = { ...definition.options, ...pageOptions }
  return {
    name,
    about: definition.about,
    parameters: definition.parameters ?? [],
    options,
    async run({ env, args, options: typed }): Promise<Outcome> {
      const given = readOptions(options, typed) as Invocation<Table & typeof pageOptions>['options']
      const pages = (): AsyncIterable<ListPage<Item>> => pagesOf(env, { definition, given, args })
      return {
        isList: true,
        text: (isJson) => (isJson ? jsonOf(pages()) : linesOf(pages(), definition.columns)),
        exitCode: 0,
        printed: async () => undefined,
      }
    },
  }
}

interface ListPage<Item> {
  readonly items: readonly Item[]
  /** Where to go on, when the limit ended it. */
  readonly next: number | undefined
}

async function* pagesOf<Table extends OptionTable, Item>(
  env: Invocation<Table>['env'],
  {
    definition,
    given,
    args,
  }: {
    definition: Listing<Table, Item>
    given: Invocation<Table & typeof pageOptions>['options']
    args: readonly string[]
  },
): AsyncIterable<ListPage<Item>> {
  const open = await openExisting(env)
  try {
    const page = await definition.page(open, given as Invocation<Table>['options'], args)
    let left = (given.limit as number | undefined) ?? Number.POSITIVE_INFINITY
    let afterId = given.after as number | undefined
    do {
      const { items, next } = await page({ afterId, limit: Math.min(left, pageRows) })
      left -= items.length
      yield { items, next: left > 0 ? undefined : next }
      afterId = next
    } while (afterId !== undefined && left > 0)
  } finally {
    await open.close()
  }
}

/** There's a page at least; before the first one has been read nothing is printed, so that what is refused prints nothing. */
async function* jsonOf<Item>(pages: AsyncIterable<ListPage<Item>>): AsyncIterable<string> {
  let next: number | undefined
  let before = '{"data":['
  let isEmpty = true
  for await (const page of pages) {
    const text = page.items.map((item) => JSON.stringify(item)).join(',')
    yield `${before}${isEmpty || text === '' ? '' : ','}${text}`
    before = ''
    isEmpty &&= text === ''
    next = page.next
  }
  yield `],"next_cursor":${next === undefined ? 'null' : `"${next}"`}}\n`
}

async function* linesOf<Item>(
  pages: AsyncIterable<ListPage<Item>>,
  columns: Listing<OptionTable, Item>['columns'],
): AsyncIterable<string> {
  let isFirst = true
  for await (const { items, next } of pages) {
    const rows = items.map((item) => columns.map(([, cell]) => cell(item)))
    const lines = table(isFirst ? [columns.map(([title]) => title), ...rows] : rows)
    isFirst = false
    yield lines.map((line) => `${line}\n`).join('')
    if (next !== undefined) yield `There is more: --after ${next}\n`
  }
}
