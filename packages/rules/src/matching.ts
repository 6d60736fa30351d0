// Whether a message meets a condition. Text is compared without regard to case and to the ways of writing one character (`fold`), as SEARCH
// compares it.

import { fold } from '@postern/message'
import { envelopeAddress, type Facts, type Header, type ReadAddress } from './facts.js'
import { Glob } from './glob.js'
import type { AddressPart, Condition, TextTest } from './rule.js'

export interface Asked {
  readonly facts: Facts
  readonly header: Header
}

export function meets(condition: Condition, asked: Asked): boolean {
  const { facts, header } = asked
  switch (condition.kind) {
    case 'all':
      return condition.conditions.every((each) => meets(each, asked))
    case 'any':
      return condition.conditions.some((each) => meets(each, asked))
    case 'not':
      return !meets(condition.condition, asked)
    case 'address':
      return passes(condition.test, partsOf(condition, asked))
    case 'header':
      return passes(condition.test, header.values(condition.name))
    case 'size': {
      const { over = -1, under = Number.POSITIVE_INFINITY } = condition
      return facts.sizeBytes > over && facts.sizeBytes < under
    }
    case 'spam':
      return facts.spam === condition.spam
    case 'dmarc':
      return condition.results.includes(facts.dmarc)
  }
}

function partsOf({ field, part }: Extract<Condition, { kind: 'address' }>, { facts, header }: Asked): string[] {
  const found = (): readonly (ReadAddress | undefined)[] => {
    if (field === 'sender') return [envelopeAddress(facts.sender)]
    if (field === 'recipient') return [envelopeAddress(facts.recipient)]
    return header.addresses(field)
  }
  return found().flatMap((address) => partOf(address, part) ?? [])
}

const partOf = (address: ReadAddress | undefined, part: AddressPart): string | undefined =>
  address === undefined ? undefined : address[part]

/** One of the values passes; none is there where nothing is. */
function passes(test: TextTest, values: readonly string[]): boolean {
  switch (test.kind) {
    case 'exists':
      return values.length > 0 === test.exists
    case 'is':
      return test.values.map(fold).some((wanted) => values.some((value) => fold(value.trim()) === wanted))
    case 'contains':
      return test.values.map(fold).some((wanted) => values.some((value) => fold(value).includes(wanted)))
    case 'matches':
      return test.values
        .map((pattern) => new Glob(pattern))
        .some((glob) => values.some((value) => glob.matches(value.trim())))
  }
}
