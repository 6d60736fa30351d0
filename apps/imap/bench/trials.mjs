// The trials, in the order in which they run. A trial has a name, a goal in words, and `run`, which is given the setting of the
// bench (size, quick, small…), `ours`, the gateway that the works ran on, and `startOwn`, which starts a fresh one; it answers with the
// figure in words as `ours`, whether the goal is `met`, and perhaps `notes`. Long ones are no part of `--quick`.

import { appendMemory } from './trials/append-memory.mjs'
import { deliveryToMany } from './trials/delivery-to-many.mjs'
import { firstSelect } from './trials/first-select.mjs'
import { idleMemory } from './trials/idle-memory.mjs'
import { selectIsFlat } from './trials/select-is-flat.mjs'
import { slowReader } from './trials/slow-reader.mjs'

export const trials = [selectIsFlat, deliveryToMany, firstSelect, idleMemory, slowReader, appendMemory]
