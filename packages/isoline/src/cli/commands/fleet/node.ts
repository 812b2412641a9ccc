/** `isoline fleet join`, `attest` and `svid`: the node's side. */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { runningBuild } from "../../../attest/collect/build.ts";
import { tpmAddress } from "../../../attest/using-tpm.ts";
import { attestToFleet } from "../../../fleet/attesting.ts";
import { authorityIn } from "../../../fleet/authority.ts";
import { tokenIn } from "../../../fleet/configuration.ts";
import { joinFleet } from "../../../fleet/join.ts";
import { readEnrolment, usualNodePlace } from "../../../fleet/node-place.ts";
import { askForSvid } from "../../../fleet/svid.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { shown, shownWord, stateText, whyText } from "../../fleet/words.ts";
import { note, printJsonLine, printLine } from "../../output/streams.ts";
import { counted, harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface FleetJoinOptions {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly name?: string;
  readonly tpm?: string;
  readonly tee?: boolean;
  readonly state?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export async function fleetJoin(options: FleetJoinOptions): Promise<number> {
  const { server, ca, token, tokenFile, name = hostname(), state, tee, ...identity } = options;
  const [certificate, key] = [identity.certificate, identity.key].map((path) => path && resolve(path));
  if ((certificate === undefined) !== (key === undefined)) throw usage("expected both of --certificate and --key");
  if ((token === undefined) === (tokenFile === undefined)) throw usage("expected one of --token and --token-file");
  if (tee && options.tpm !== undefined)
    throw usage(
      "expected one of --tpm and --tee; with a TPM, join by it, and let isoline fleet attest --tee add reports",
    );
  const tpm = tee ? undefined : tpmAddress(options.tpm);
  if (tpm === undefined && !tee)
    throw usage(
      "expected --tpm ADDRESS, since this machine has no /dev/tpmrm0; --tee in a confidential machine without",
    );
  const directory = state ?? usualNodePlace();
  const authority = ca === undefined ? undefined : authorityIn(ca);
  const given = token ?? tokenIn(tokenFile as string);
  const kept = await joinFleet({ server, ca: authority, token: given, name, tpm, directory, certificate, key });
  printLine(`${shown(kept.name)}: enrolled, node ${kept.node}`);
  if (tee && tpmAddress(undefined) !== undefined)
    note("this machine has a TPM, which proves more: join by it under another name, and attest with --tee");
  note(`what the verifier gave it is in ${directory}; isoline fleet attest sends evidence`);
  return status.success;
}

export interface FleetAttestOptions {
  readonly state?: string;
  readonly tpmLedger?: string;
  readonly tee?: boolean;
  readonly json?: boolean;
}

/** Sends evidence until it is told to end. */
export async function fleetAttest({ state, tpmLedger, tee, json }: FleetAttestOptions): Promise<number> {
  // Before an upgrade can replace the files of this very code.
  runningBuild();
  const enrolled = readEnrolment(state ?? usualNodePlace());
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
  let before = "";
  note(`${enrolled.name}: attesting to ${enrolled.server}`);
  await attestToFleet({
    enrolled,
    signal: ending.signal,
    ledgers: tpmLedger,
    tee,
    onVerdict: (answer, because) => {
      if (json) return printJsonLine({ isoline: 1, at: new Date().toISOString(), because, ...answer });
      const { state: verdict, canisters = [], failure, why } = answer;
      const red = canisters.filter((each) => each.state !== "affirming");
      const lines = [
        `${shown(enrolled.name)}: ${stateText(verdict)}, ${counted(canisters.length, "canister")}${verdict === "affirming" ? "" : `: ${whyText({ failure, why }, 1000)}`}`,
        ...red.map(
          (each) =>
            `${shown(enrolled.name)}/${shownWord(each.label)}: ${stateText(each.state)}: ${whyText(each, 1000)}`,
        ),
      ];
      const text = lines.join("\n");
      // What is as before is not said again.
      if (text !== before) printLine(text);
      before = text;
    },
    onFailure: (why, seconds) => note(`no verdict: ${harmless(why)}; again in ${seconds} s`),
    onRemark: (why) => note(harmless(why)),
  });
  return status.success;
}

export interface FleetSvidOptions {
  readonly key: string;
  readonly output: string;
  readonly bundle?: string;
  readonly canister?: string;
  readonly state?: string;
}

export async function fleetSvid({ key, output, bundle, canister, state }: FleetSvidOptions): Promise<number> {
  const enrolled = readEnrolment(state ?? usualNodePlace());
  const svid = await askForSvid({ enrolled, canister, key });
  writeDurably(output, [svid.certificate]);
  if (bundle !== undefined) writeDurably(bundle, [svid.bundle]);
  printLine(`${svid.id}, until ${svid.until}`);
  return status.success;
}
