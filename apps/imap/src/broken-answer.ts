// An answer that can't be finished: whatever followed it would be taken for its rest, so nothing does.

export class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer'
}
