import type { Ticket } from "./ticket.ts";

/** Longest time before its end at which a ticket is replaced, in milliseconds: a request must end before it does. */
const marginMs = 5 * 60_000;

/** Tickets in memory by name; one that is wanted by several at once is fetched once. */
export class TicketCache {
  readonly #now: () => number;
  readonly #tickets = new Map<string, { readonly ticket: Ticket; readonly until: number }>();
  readonly #flights = new Map<string, Promise<Ticket>>();

  /** @param now the KDC's clock as far as it is known, in milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The ticket, fetched where there is none or it ends soon. Rejects with what `fetch` rejects with. */
  get(name: string, fetch: () => Promise<Ticket>): Promise<Ticket> {
    const kept = this.#tickets.get(name);
    if (kept !== undefined && this.#now() < kept.until) return Promise.resolve(kept.ticket);
    const flight = this.#flights.get(name) ?? this.#fetch(name, fetch);
    this.#flights.set(name, flight);
    return flight;
  }

  /** Drops a ticket that did not serve. */
  forget(name: string): void {
    this.#tickets.delete(name);
  }

  async #fetch(name: string, fetch: () => Promise<Ticket>): Promise<Ticket> {
    try {
      const ticket = await fetch();
      // A short ticket is used for most of its life.
      const life = ticket.endTime - this.#now();
      this.#tickets.set(name, { ticket, until: ticket.endTime - Math.min(marginMs, life / 4) });
      return ticket;
    } finally {
      this.#flights.delete(name);
    }
  }
}
