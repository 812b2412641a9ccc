/** `isoline demo`: learns a project, shows its contour, and shows what happens when a dependency turns malicious. */
import { CliError } from "../error.ts";
import { Attacker } from "./attacker.ts";
import { INNOCENT_LINES, layOut, type Place } from "./project.ts";
import { Session, type Stage, Stopped } from "./session.ts";

const WORKLOAD = "sh -c 'npm install && npm test'";
const FRESH_CHECKOUT = "rm -r node_modules vendor/greet/phrases.json";

export interface DemoOptions {
  /** Keep the project directory. */
  readonly keep?: boolean;
}

/** Tells the story with real commands. Returns the exit status; throws one clear error if it cannot be told. */
export async function runDemo({ keep = false }: DemoOptions, stage: Stage): Promise<number> {
  const place = layOut();
  const session = new Session(stage, place);
  try {
    session.assertPossible();
    await tell(stage, session, place);
    return 0;
  } catch (fault) {
    if (fault instanceof Stopped) return fault.status;
    throw fault;
  } finally {
    session.end();
    if (keep) stage.print(`\nThe project is in ${place.project}, its home is ${place.home}\n`);
    else place.remove();
  }
}

async function tell(stage: Stage, session: Session, place: Place): Promise<void> {
  const attacker = await Attacker.listen();
  const say = (text: string) => stage.print(`${text}\n`);
  const chapter = (title: string, text: string) => say(`\n${stage.paint("cyan", title)}\n${text}\n`);
  const exit = (status: number, meaning: string) => say(stage.paint("dim", `(exit status ${status}: ${meaning})`));
  try {
    place.publishCompromised(attacker.port);
    say(`A small project, in a directory and with a home of its own: ${place.project}`);
    say("It depends on `greet`, which has an install script, as many packages do:\n");
    await session.run("cat vendor/greet/install.js");

    chapter("1  Learn", "Whatever the project does while it is installed and tested becomes its contour.");
    await session.run(`isoline learn -o hello.contour -- ${WORKLOAD}`);

    chapter(
      "2  Look",
      "It is a text that can be read and reviewed. In short: which programs, and what of the project and the home.",
    );
    await session.run(`isoline show hello.contour | grep -e '→' -e '$CWD' -e '$HOME'`);

    chapter("3  Check", "From a fresh checkout, in CI say: it does what it did before.");
    await session.run(FRESH_CHECKOUT);
    await session.run(`isoline check hello.contour -- ${WORKLOAD}`);
    exit(0, "on contour");

    chapter("4  The dependency turns", "A new version of `greet` does its work as ever. And this:");
    await session.run("cp ../greet-1.0.1/install.js vendor/greet/");
    await session.run(`tail -n +${INNOCENT_LINES + 2} vendor/greet/install.js`);
    say("\nThe tests pass as before. The check does not:\n");
    await session.run(FRESH_CHECKOUT);
    await session.run(`isoline check hello.contour -- ${WORKLOAD}`, 3);
    exit(3, "off contour");
    say(`\nA check tells; it does not stop. The attacker (127.0.0.1:${attacker.port}, played by this demo) received:`);
    say(stage.paint("red", expectLoot(attacker.takeReceived(), place)));

    chapter("5  Enforce", "The same again, but whatever is off contour is refused before it happens.");
    await session.run(FRESH_CHECKOUT);
    await session.run(`isoline run --enforce hello.contour -- ${WORKLOAD}`);
    exit(0, "the project's own; it was installed and tested");
    expectNothing(attacker);
    say(`\n${stage.paint("green", "The attacker received nothing: no key, no byte, no connection.")}`);
    say("\nNow with something of yours:  isoline learn -o app.contour -- COMMAND");
  } finally {
    attacker.close();
  }
}

/** The received data is shown only if it is what the story says. */
function expectLoot(received: string, { key }: Place): string {
  if (received.includes(key)) return received;
  throw new CliError(
    "no-demo",
    `expected the unhindered attacker to have received the key, got ${received.length} bytes`,
  );
}

function expectNothing({ connections }: Attacker): void {
  if (connections === 0) return;
  throw new CliError("no-demo", `expected no connection to the attacker, got: ${connections}`);
}
