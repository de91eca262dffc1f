/** What is open, closed in reverse. One part that fails to close does not keep the others open. */
export class Closers {
  readonly #open: { readonly name: string; readonly close: () => Promise<void> }[] = [];

  add(name: string, close: () => Promise<void>): void {
    this.#open.push({ name, close });
  }

  /** Rejects with the first failure, after everything was tried. */
  async closeAll(): Promise<void> {
    const failures: Error[] = [];
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      try {
        await next.close();
      } catch (cause) {
        failures.push(new Error(`${next.name} could not be closed`, { cause }));
      }
    }
    if (failures[0] !== undefined) throw failures[0];
  }
}
