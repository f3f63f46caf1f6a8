/** What is counted for each combination of label values. Found without making a key of them. */
export class Children<Child> {
  readonly #make: (labels: readonly string[]) => Child
  readonly #root: Node<Child> = { child: undefined, below: new Map() }
  readonly #all: { readonly labels: readonly string[]; readonly child: Child }[] = []

  constructor(make: (labels: readonly string[]) => Child) {
    this.#make = make
  }

  /** In the order in which they were first counted. */
  get all(): readonly { readonly labels: readonly string[]; readonly child: Child }[] {
    return this.#all
  }

  of(labels: readonly string[]): Child {
    let node = this.#root
    for (const label of labels) {
      let next = node.below.get(label)
      if (next === undefined) {
        next = { child: undefined, below: new Map() }
        node.below.set(label, next)
      }
      node = next
    }
    node.child ??= this.#add(labels)
    return node.child
  }

  #add(labels: readonly string[]): Child {
    const child = this.#make(labels)
    this.#all.push({ labels, child })
    return child
  }
}

interface Node<Child> {
  child: Child | undefined
  readonly below: Map<string, Node<Child>>
}
