/**
 * The command line: the commands, their options and their help. The commands themselves are in `commands/`, one file each,
 * imported when they are called.
 */
import { Command } from "commander";
import type { Entry } from "../namespace/entry.ts";
import type { Threads } from "../namespace/threads.ts";
import { declareAgent } from "./grammar/agent.ts";
import { declareAmending } from "./grammar/amending.ts";
import { declareAttest } from "./grammar/attest.ts";
import { declareCanisters } from "./grammar/canisters.ts";
import { declareContours } from "./grammar/contours.ts";
import { declareEngine } from "./grammar/engine.ts";
import { declareFleet } from "./grammar/fleet.ts";
import { declareIma } from "./grammar/ima.ts";
import { declareLog } from "./grammar/log.ts";
import { declareLive } from "./grammar/live.ts";
import { declareMachine } from "./grammar/machine.ts";
import { declareNamespace } from "./grammar/namespace.ts";
import { declareService } from "./grammar/service.ts";
import { declareVerifier } from "./grammar/verifier.ts";
import { declareWorkloads } from "./grammar/workloads.ts";
import type { Invocation } from "./invocation.ts";
import { version } from "../namespace/run-beginning.ts";
import { isTerminal, print, STDERR, STDOUT, say } from "./output/streams.ts";
import { usage } from "./refusal.ts";

export class Program extends Command {
  /** The name of the command that was called. */
  running: string | undefined;

  override createCommand(name?: string): Command {
    return new Command(name);
  }
}

export function isolineProgram(entry: Entry, argv: readonly string[], threads?: Threads): Program {
  const program = new Program("isoline");
  program
    .description("A contour for any command: learn what software does, and know when it does something else.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .commandsGroup("Commands:")
    .configureOutput({
      writeOut: print,
      writeErr: say,
      outputError: (text, write) => write(text.replace(/^error: /, "isoline: ")),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => isTerminal(STDOUT),
      getErrHasColors: () => isTerminal(STDERR),
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("isoline: see isoline --help")
    .hook("preAction", (_, command) => {
      program.running = nameOf(command);
      assertValues(command);
    });
  const invocation: Invocation = {
    entry,
    argv,
    threads,
    ends: async (ending) => {
      process.exitCode = await ending;
    },
  };
  declareWorkloads(program, invocation);
  declareContours(program, invocation);
  declareAmending(program, invocation);
  declareCanisters(program, invocation);
  declareLive(program, invocation);
  declareIma(program, invocation);
  declareAttest(program, invocation);
  declareAgent(program, invocation);
  declareNamespace(program, invocation);
  declareService(program, invocation);
  declareFleet(program, invocation);
  declareEngine(program, invocation);
  declareLog(program, invocation);
  declareVerifier(program, invocation);
  declareMachine(program, invocation);
  for (const command of program.commands.flatMap((each) => [each, ...each.commands]))
    command.showHelpAfterError(`isoline: see isoline ${nameOf(command)} --help`);
  return program;
}

/** Refuses the dashes before a command, or the next option, in place of the value of an option: `-o -- npm test` names no file. */
function assertValues(command: Command): void {
  const flags = new Set(["--", ...command.options.flatMap(({ short, long }) => [short, long])]);
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    const odd = [value].flat().find((each): each is string => typeof each === "string" && flags.has(each));
    if (option.required && odd !== undefined)
      throw usage(`expected a value after ${option.flags}, got ${odd}: name one before it`);
  }
}

/** `show`, or `ima show` for a command of a group. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${parent.name()} ${command.name()}` : command.name();
}
