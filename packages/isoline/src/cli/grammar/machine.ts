/** The commands for this machine and this program. */
import { Argument, type Command } from "commander";
import type { AnyDemoOptions } from "../commands/demo.ts";
import type { DoctorOptions } from "../commands/doctor.ts";
import type { Invocation } from "../invocation.ts";
import { examples } from "./examples.ts";

export function declareMachine(program: Command, { ends }: Invocation): void {
  program.commandsGroup("This machine:");

  program
    .command("doctor")
    .summary("show what this machine can do, and why not the rest")
    .description(
      "Tests each sensor and each of its requirements, and reports what works, what does not, and what to do.",
    )
    .option("--json", "for machines")
    .addHelpText("after", `${examples("isoline doctor")}\n\nExit status: 0 workloads can be run here, 1 they cannot.`)
    .action((options: DoctorOptions) => ends(import("../commands/doctor.ts").then(({ doctor }) => doctor(options))));

  program
    .command("demo")
    .summary("show isoline on a small project, with real commands")
    .description(
      "Learns a small Node project, shows and checks its contour, then runs it with a compromised dependency.",
    )
    .option("--fleet", "another story: two nodes, a verifier, a transparency log, an attack (needs swtpm)")
    .option("--keep", "keep the project and its home directory, to look around")
    .addHelpText("after", examples("isoline demo", "isoline demo --fleet"))
    .action((options: AnyDemoOptions) => ends(import("../commands/demo.ts").then(({ demo }) => demo(options))));

  program
    .command("completion")
    .summary("print a completion script for a shell")
    .description("Prints a script that completes commands, options, files and names of live namespaces.")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      examples(
        'eval "$(isoline completion bash)"',
        "isoline completion fish > ~/.config/fish/completions/isoline.fish",
      ),
    )
    .action((shell: "bash" | "zsh" | "fish") =>
      ends(import("../commands/completion.ts").then(({ completion }) => completion(shell, program))),
    );
}
