/** Who looks: signed in by the provider, or with a token; either is kept for this tab alone. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { useAnswer } from "../fleet/ask.ts";
import { Alarm } from "../parts/notices.tsx";
import { Said } from "../parts/said.tsx";
import { sayFault } from "../wire/fault.ts";
import { addressIn, askOffer, beginLogin, isOfTheWeb, type LoginOffer, returning } from "../wire/login.ts";
import { signIn, signInReason } from "../wire/session.ts";

export function SignInPage(): JSX.Element {
  useEffect(() => void (document.title = "Sign in – isoline fleet"), []);
  return (
    <main id="main" class="sign-in">
      <h1 tabIndex={-1}>Sign in</h1>
      {signInReason.value !== undefined && (
        <Alarm>
          <Said text={signInReason.value} most={400} />
        </Alarm>
      )}
      {returning.value ? (
        <p class="waiting">Asking the verifier who you are …</p>
      ) : (
        <>
          <ByProvider />
          <ByToken />
        </>
      )}
    </main>
  );
}

/** Nothing, where no provider is configured. */
function ByProvider(): JSX.Element | null {
  const { value, fault } = useAnswer("login", async (ending) => ({ offer: await askOffer(ending) }));
  if (fault !== undefined)
    return (
      <Alarm>
        Signing in at the provider is not possible now: <Said text={fault} most={300} />
      </Alarm>
    );
  const offer = value?.offer;
  if (offer === undefined) return null;
  const here = location.origin + location.pathname;
  if (offer.redirect !== here)
    return (
      <Alarm>
        The provider knows this page as <Said text={offer.redirect} most={300} code />, and you opened{" "}
        <Said text={here} most={300} code />. Open it there to sign in at the provider.
      </Alarm>
    );
  return <Provider offer={offer} />;
}

function Provider({ offer }: { readonly offer: LoginOffer }): JSX.Element {
  const wrong = useSignal<string | undefined>(undefined);
  const logout = addressIn(offer.logout);
  const host = addressIn(offer.issuer)?.host ?? offer.issuer;
  return (
    <div class="provider">
      <button
        type="button"
        class="primary"
        onClick={() => void beginLogin(offer).catch((fault: unknown) => void (wrong.value = sayFault(fault)))}
      >
        Continue with <Said text={host} most={100} />
      </button>
      {wrong.value !== undefined && (
        <p class="why" role="alert">
          {wrong.value}
        </p>
      )}
      {logout !== undefined && isOfTheWeb(logout) && (
        <p class="faint">
          Signing out here forgets your sign-in in this tab. The provider may still know you:{" "}
          <a href={logout.href}>sign out there</a>.
        </p>
      )}
    </div>
  );
}

function ByToken(): JSX.Element {
  const token = useSignal("");
  const wrong = useSignal<string | undefined>(undefined);
  return (
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
        An identity token of your provider, or a token from the verifier's file. It stays in this tab until you sign
        out. Closing the tab alone may not forget it: a browser can bring a closed tab back, and a copy of a tab has its
        token.
      </p>
    </form>
  );
}
