// What a client hears when its hour or its day is full (contract D6): try again, with the time at which there's room in UTC, or that
// so much never fits.

import type { Reply } from '@postern/smtp'

/** As the outbox tells it. `opensAt` in Unix milliseconds; undefined where so many recipients never fit. */
export type SendingRoom = { readonly fits: true } | { readonly fits: false; readonly opensAt: number | undefined }

export function sendingRoomLeft(room: SendingRoom): Reply | undefined {
  return room.fits ? undefined : sendingLimitReply(room.opensAt)
}

export function sendingLimitReply(opensAt: number | undefined): Reply {
  if (opensAt === undefined)
    return '550 5.7.1 The message has more recipients than the sending limit ever leaves room for'
  const time = new Date(Math.ceil(opensAt / 1000) * 1000).toISOString().replace('.000', '')
  return `450 4.7.1 The sending limit is reached; it opens again at ${time}`
}
