const { appendFileSync } = require("node:fs");
const { homedir } = require("node:os");

// What stolen packages do: persist beyond the build. (What is appended here is only a comment.)
try {
  appendFileSync(`${homedir()}/.profile`, "# slug was here\n");
} catch {
  // Errors are hidden, so that the build does not fail.
}

exports.slug = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
