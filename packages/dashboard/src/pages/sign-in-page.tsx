/** Who looks: a token, kept for this tab alone. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Alarm } from "../parts/notices.tsx";
import { Said } from "../parts/said.tsx";
import { signIn, signInReason } from "../wire/session.ts";

export function SignInPage(): JSX.Element {
  const token = useSignal("");
  const wrong = useSignal<string | undefined>(undefined);
  return (
    <main id="main" class="sign-in">
      <h1 tabIndex={-1}>Sign in</h1>
      {signInReason.value !== undefined && (
        <Alarm>
          <Said text={signInReason.value} />
        </Alarm>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          wrong.value = signIn(token.value);
        }}
      >
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          value={token.value}
          aria-describedby="token-note"
          aria-invalid={wrong.value !== undefined}
          onInput={({ currentTarget }) => void (token.value = currentTarget.value)}
        />
        {wrong.value !== undefined && (
          <p class="why" role="alert">
            {wrong.value}
          </p>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
        <p id="token-note" class="faint">
          An identity token of your provider, or a token from the verifier's file. It stays in this tab, and is
          forgotten when the tab is closed.
        </p>
      </form>
    </main>
  );
}
