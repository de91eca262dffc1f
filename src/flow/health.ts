/** Readiness from real state: each component says for itself why it is not ready; changes are reported once. */
import type { Readiness } from '../contracts/api.ts';
import { type Component, components, type Telemetry } from '../telemetry.ts';

/** Null when ready; otherwise why not, in one sentence. */
export type Check = () => string | null;

export class Health {
  readonly #checks: Readonly<Record<Component, Check>>;
  readonly #telemetry: Pick<Telemetry, 'componentReadiness'>;
  readonly #last = new Map<Component, string | null>();
  #fatal: string | null = null;

  constructor(checks: Readonly<Record<Component, Check>>, telemetry: Pick<Telemetry, 'componentReadiness'>) {
    this.#checks = checks;
    this.#telemetry = telemetry;
  }

  readiness(): Readiness {
    const states = components.map((component) => {
      const why = this.#checks[component]();
      this.#report(component, why);
      return [component, { ready: why === null, why }] as const;
    });
    return { ready: states.every(([, { ready }]) => ready), components: Object.fromEntries(states) };
  }

  /** Null while the process can do its work; otherwise why it must be restarted. */
  unlive(): string | null {
    return this.#fatal;
  }

  /** The process cannot go on: /livez fails from now on. */
  fail(why: string): void {
    this.#fatal = why;
  }

  #report(component: Component, why: string | null): void {
    if (this.#last.get(component) === why) return;
    this.#last.set(component, why);
    this.#telemetry.componentReadiness(component, why === null, why);
  }
}
