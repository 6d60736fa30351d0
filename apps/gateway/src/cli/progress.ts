// What a long command says in between: not more often than somebody reads.

const everyMs = 5_000

export function spokenNowAndThen(
  tell: (line: string) => void,
  clock = () => performance.now(),
): (line: string) => void {
  let saidAt = clock()
  return (line) => {
    if (clock() - saidAt < everyMs) return
    saidAt = clock()
    tell(line)
  }
}
