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
      page("Guide", "/"),
      page("Commands", "/commands"),
      page("Guarantees", "/guarantees/"),
      page("Glossary", "/glossary"),
    ],
    sidebar: [
      {
        text: "Use it",
        items: [
          page("What it is", "/"),
          page("Containers", "/canisters"),
          page("Example: a CI job", "/examples/node-ci/"),
          page("Example: a service", "/examples/service/"),
          page("Example: an agent's shell", "/examples/agent-shell/"),
          page("IMA for one namespace", "/ima"),
        ],
      },
      {
        text: "Look it up",
        items: [
          page("Commands", "/commands"),
          page("Exit statuses", "/exit-codes"),
          page("Errors", "/errors"),
          page("The report", "/report"),
          page("The lens", "/lens"),
          page("The control socket", "/control-socket"),
          page("Specification of iso1", "/spec/iso1"),
          page("Contour files", "/spec/contour-file"),
          page("Operations", "/spec/operations"),
          page("Other profiles", "/spec/profiles"),
          page("Glossary", "/glossary"),
        ],
      },
      {
        text: "Trust it",
        items: [
          page("Guarantees", "/guarantees/"),
          page("Threat model", "/threat-model"),
          page("System calls", "/system-calls"),
          page("Hooks of the bpf sensor", "/hooks"),
          page("Sharpness", "/sharpness"),
          page("Defence", "/defence"),
          page("Reproducibility", "/reproducibility"),
          page("Other people's tests", "/foreign-tests"),
          page("Security reports", "/security"),
        ],
      },
      {
        text: "Change it",
        items: [
          page("Architecture", "/architecture"),
          page("Contributing", "/contributing"),
          page("Performance", "/performance"),
          page("Dependencies", "/dependencies"),
          page("Changelog", "/changelog"),
        ],
      },
    ],
  },
});
