/** What went wrong, what is empty, what is still coming; and the line that screen readers follow. */
import { Component, type ComponentChildren, type JSX } from "preact";
import type { Asked } from "../fleet/ask.ts";
import { ofPerson } from "../fleet/person.ts";
import { sayFault } from "../wire/fault.ts";
import { Said } from "./said.tsx";

/** Something is wrong, and is said at once. */
export function Alarm({ children, retry }: { readonly children: ComponentChildren; readonly retry?: () => void }) {
  return (
    <div class="notice alarm" role="alert">
      <strong aria-hidden="true">!</strong>
      <div>{children}</div>
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Hint({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="notice hint">{children}</p>;
}

/** A view for a value that is on its way. `missing` says what it means that there is no such thing, never, or not any more. */
export function Await<T>(props: {
  readonly asked: Asked<T>;
  readonly what: string;
  readonly missing?: Readonly<Record<"never" | "was", string>>;
  readonly children: (value: T) => ComponentChildren;
}): JSX.Element {
  const { value, fault, missing } = props.asked;
  return (
    <>
      {fault !== undefined && (
        <Alarm>
          {missing !== undefined && props.missing !== undefined && `${props.missing[missing]} The verifier says: `}
          <Said text={fault} />
          {value !== undefined && " What is shown below is older."}
        </Alarm>
      )}
      {value === undefined && fault === undefined && <p class="waiting">Loading {props.what} …</p>}
      {value !== undefined && <div class={fault === undefined ? "" : "old"}>{props.children(value)}</div>}
    </>
  );
}

/** A view that cannot be drawn says so; the rest of the page goes on. */
export class Guard extends Component<{ readonly children: ComponentChildren }, { fault: string | undefined }> {
  override state: { fault: string | undefined } = { fault: undefined };

  static override getDerivedStateFromError(fault: unknown): { fault: string } {
    return { fault: sayFault(fault) };
  }

  override render(): ComponentChildren {
    if (this.state.fault === undefined) return this.props.children;
    return (
      <Alarm retry={() => this.setState({ fault: undefined })}>
        This view could not be drawn from what the verifier said: <Said text={this.state.fault} />
      </Alarm>
    );
  }
}

const spoken = ofPerson({ line: "", times: 0 });

/** Says a line to screen readers, when they are done with the one before; also where it is the same. */
export const announce = (line: string): void => void (spoken.value = { line, times: spoken.peek().times + 1 });

export function Announcer(): JSX.Element {
  const { line, times } = spoken.value;
  return (
    <div class="unseen" role="status" aria-live="polite">
      {line !== "" && <p key={times}>{line}</p>}
    </div>
  );
}
