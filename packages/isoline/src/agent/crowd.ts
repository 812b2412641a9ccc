/** How many of something each user has, and all of them: no user takes the places of the others. */
import { CliError } from "../error.ts";

export class Crowd {
  readonly #what: string;
  readonly #mostOfUser: number;
  readonly #most: number;
  readonly #counts = new Map<number, number>();
  #all = 0;

  /** `what` is counted, in words. */
  constructor(what: string, mostOfUser: number, most: number) {
    this.#what = what;
    this.#mostOfUser = mostOfUser;
    this.#most = most;
  }

  /** Takes a place for a user; the returned function gives it back, once. Throws `agent-refused` where there is none. */
  enter(uid: number): () => void {
    const count = this.#counts.get(uid) ?? 0;
    if (count >= this.#mostOfUser)
      throw full(
        `at most ${this.#mostOfUser} ${this.#what} of user ${uid}, and so many there are; wait for one to end`,
      );
    if (this.#all >= this.#most)
      throw full(`at most ${this.#most} ${this.#what} of all users, and so many there are; wait for one to end`);
    this.#counts.set(uid, count + 1);
    this.#all += 1;
    let isThere = true;
    return () => {
      if (!isThere) return;
      isThere = false;
      this.#all -= 1;
      const left = (this.#counts.get(uid) ?? 1) - 1;
      if (left === 0) this.#counts.delete(uid);
      else this.#counts.set(uid, left);
    };
  }
}

function full(message: string): CliError {
  return new CliError("agent-refused", `expected ${message}`);
}
