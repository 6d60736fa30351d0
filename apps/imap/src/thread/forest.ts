// Trees of numbered nodes that are linked and cut in any order, and that refuse a link which would close a loop. Whether
// it would is asked of a link-cut tree (Sleator and Tarjan): walking up would cost the depth each time, and who writes
// References headers can make threads as deep as they like.

export class Forest {
  /** −1 for the root of a tree. */
  readonly parent: Int32Array
  readonly #children: Uint32Array
  // The splay trees that paths are kept in: up, left, right. Above the root of one, `up` leads to the next path.
  readonly #up: Int32Array
  readonly #left: Int32Array
  readonly #right: Int32Array

  constructor(count: number) {
    const none = (): Int32Array => new Int32Array(count).fill(-1)
    this.parent = none()
    this.#children = new Uint32Array(count)
    this.#up = none()
    this.#left = none()
    this.#right = none()
  }

  /** `child` must be the root of its tree. False where it's the root of the parent's tree, too. */
  link(child: number, parent: number): boolean {
    if (child === parent) return false
    if ((this.#children[child] as number) > 0 && this.#rootOf(parent) === child) return false
    this.#access(child)
    this.#up[child] = parent
    this.parent[child] = parent
    this.#children[parent] = (this.#children[parent] as number) + 1
    return true
  }

  /** Makes it the root of its own tree. */
  cut(child: number): void {
    const parent = this.parent[child] as number
    if (parent < 0) return
    this.#access(child)
    this.#up[this.#left[child] as number] = -1
    this.#left[child] = -1
    this.parent[child] = -1
    this.#children[parent] = (this.#children[parent] as number) - 1
  }

  #rootOf(node: number): number {
    this.#access(node)
    let root = node
    while ((this.#left[root] as number) >= 0) root = this.#left[root] as number
    this.#splay(root)
    return root
  }

  /** Brings the path from the tree's root to this node into one splay tree, with this node on top and nothing behind it. */
  #access(node: number): void {
    let below = -1
    for (let at = node; at >= 0; at = this.#up[at] as number) {
      this.#splay(at)
      this.#right[at] = below
      below = at
    }
    this.#splay(node)
  }

  #isTop(node: number): boolean {
    const up = this.#up[node] as number
    return up < 0 || (this.#left[up] !== node && this.#right[up] !== node)
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const up = this.#up[node] as number
      if (!this.#isTop(up)) {
        const above = this.#up[up] as number
        const sameSide = (this.#left[up] === node) === (this.#left[above] === up)
        this.#rotate(sameSide ? up : node)
      }
      this.#rotate(node)
    }
  }

  #rotate(node: number): void {
    const up = this.#up[node] as number
    const above = this.#up[up] as number
    const wasTop = this.#isTop(up)
    const [near, far] = this.#left[up] === node ? [this.#left, this.#right] : [this.#right, this.#left]
    const moved = far[node] as number
    near[up] = moved
    if (moved >= 0) this.#up[moved] = up
    far[node] = up
    this.#up[up] = node
    this.#up[node] = above
    if (wasTop) return
    if (this.#left[above] === up) this.#left[above] = node
    else this.#right[above] = node
  }
}
