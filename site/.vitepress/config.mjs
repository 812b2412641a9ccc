import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const page = (text, link) => ({ text, link });

export default defineConfig({
  title: "isoline",
  description: "A lockfile for behaviour: learn what a command does, and refuse whatever it never did before.",
  srcDir: "pages",
  outDir: fileURLToPath(new URL("../../dist/site", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../../dist/site-cache", import.meta.url)),
  cleanUrls: false,
  lastUpdated: false,
  markdown: { html: false },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      page("Use it", "/tutorial"),
      page("Look it up", "/commands"),
      page("Trust it", "/guarantees/"),
      page("Change it", "/architecture"),
    ],
    sidebar: [
      {
        text: "Use it",
        items: [
          page("What it is", "/"),
          page("Tutorial", "/tutorial"),
          page("CI", "/how-to/ci"),
          page("A service", "/how-to/service"),
          page("Rotate logs, upgrade", "/how-to/rotate-and-upgrade"),
          page("Containers", "/how-to/containers"),
          page("An agent's shell", "/how-to/agent-shell"),
          page("Other systems", "/how-to/export"),
          page("A transparency log", "/how-to/log"),
          page("IMA for one command", "/ima"),
          {
            text: "Examples",
            collapsed: true,
            items: [
              page("A CI job", "/examples/node-ci/"),
              page("A service", "/examples/service/"),
              page("A Redis container", "/examples/redis-canister/"),
              page("An agent's shell", "/examples/agent-shell/"),
            ],
          },
        ],
      },
      {
        text: "Look it up",
        items: [
          page("Commands", "/commands"),
          page("The library", "/api"),
          page("Exit statuses", "/exit-codes"),
          page("Errors", "/errors"),
          page("The report", "/report"),
          page("The lens", "/lens"),
          page("Canisters", "/canisters"),
          page("The control socket", "/control-socket"),
          page("Contour files", "/spec/contour-file"),
          page("Points: iso1", "/spec/iso1"),
          page("Operations", "/spec/operations"),
          page("Other profiles", "/spec/profiles"),
          page("TPM structures", "/spec/tpm"),
          page("Glossary", "/glossary"),
        ],
      },
      {
        text: "Trust it",
        items: [
          page("Guarantees", "/guarantees/"),
          page("The seccomp sensor", "/guarantees/seccomp"),
          page("Landlock beneath it", "/guarantees/landlock"),
          page("The bpf sensor", "/guarantees/bpf"),
          page("By tracepoints", "/guarantees/tracepoints"),
          page("How the sensors differ", "/guarantees/bpf-differences"),
          page("Content", "/guarantees/content"),
          page("The integrity view", "/guarantees/integrity"),
          page("Threat model", "/threat-model"),
          page("System calls", "/system-calls"),
          page("Hooks of the bpf sensor", "/hooks"),
          page("Sharpness", "/sharpness"),
          page("Defence", "/defence"),
          page("Reproducibility", "/reproducibility"),
          page("Foreign tests", "/foreign-tests"),
          page("Security reports", "/security"),
        ],
      },
      {
        text: "Change it",
        items: [
          page("Architecture", "/architecture"),
          page("Contributing", "/contributing"),
          page("Debugging", "/debugging"),
          page("Decisions", "/decisions/"),
          page("Performance", "/performance"),
          {
            text: "Figures",
            collapsed: true,
            items: [
              page("Intel Xeon", "/performance/intel-xeon"),
              page("AMD EPYC", "/performance/amd-epyc"),
              page("AMD EPYC, workloads", "/performance/amd-epyc-workloads"),
              page("AMD EPYC, earlier", "/performance/amd-epyc-earlier"),
            ],
          },
          page("Dependencies", "/dependencies"),
          page("Changelog", "/changelog"),
        ],
      },
    ],
  },
});
