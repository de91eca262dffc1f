/** Runs tasks concurrently, but tasks that share a key one after the other, in the order given. */
export class KeyOrderedExecutor {
  /** The end of the chain of each key that has work; absent means idle. */
  readonly #tails = new Map<string, Promise<void>>();

  get keysBusy(): number {
    return this.#tails.size;
  }

  /** `task` must not reject: a fault in one task would be lost here, so its owner handles it. */
  run(keys: readonly string[], task: () => Promise<void>): void {
    const before = keys.flatMap((key) => this.#tails.get(key) ?? []);
    const chain = before.length === 0 ? task() : Promise.all(before).then(task);
    for (const key of keys) this.#tails.set(key, chain);
    void chain.finally(() => {
      for (const key of keys) if (this.#tails.get(key) === chain) this.#tails.delete(key);
    });
  }

  /** Resolves when every task given so far has ended. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values());
  }
}
