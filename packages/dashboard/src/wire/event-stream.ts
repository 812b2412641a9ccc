/**
 * Server-sent events, read from a response: `EventSource` cannot send a token. The form is that of the HTML standard, "Parsing an
 * event stream". What does not end is refused, so that a stream cannot fill the memory of the page.
 */
import { Fault } from "./fault.ts";

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  /** For `Last-Event-ID`: of this event, or of an earlier one. */
  readonly id: string;
}

const MOST = 262_144;

export class EventStream {
  #rest = "";
  #type = "";
  #data: string[] = [];
  #held = 0;
  #id: string;
  #afterReturn = false;

  constructor(lastId = "") {
    this.#id = lastId;
  }

  /** Takes what arrived; gives the events that it completes. Throws a `Fault` where a line or an event is too long. */
  take(text: string): readonly StreamEvent[] {
    const whole = this.#rest + (this.#afterReturn && text.startsWith("\n") ? text.slice(1) : text);
    if (text !== "") this.#afterReturn = text.endsWith("\r");
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    this.#bound(this.#rest.length);
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): readonly StreamEvent[] {
    if (line === "") return this.#end();
    const [, field = line, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "data") {
      this.#held += value.length;
      this.#bound(this.#held);
      this.#data.push(value);
    }
    return [];
  }

  #end(): readonly StreamEvent[] {
    const event = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const isWhole = this.#data.length > 0;
    this.#type = "";
    this.#data = [];
    this.#held = 0;
    return isWhole ? [event] : [];
  }

  #bound(length: number): void {
    if (length > MOST)
      throw new Fault(
        "damaged",
        `Expected an event of at most ${MOST} characters, got more; the stream is begun anew.`,
      );
  }
}
