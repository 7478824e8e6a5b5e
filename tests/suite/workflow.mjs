// Runs a workflow of GitHub Actions as GitHub does, as far as the examples need it: reads a JSON object with the event
// from standard input, runs the jobs in the order of `needs` with the real expressions, and prints how each ended.
//
//   remote       the repository to check out
//   sha, ref_name, event_name, event, inputs, vars
//   secrets      {environment: {name: value}}: a job without that environment gets none of them
//   reject       environments whose reviewers say no
//   hold         a job before which to stop; run again with the `state` that is printed then, to go on
//   environment  variables of every step
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.NODE_MODULES, "package.json"));
const load = async (name, file) => import(pathToFileURL(join(process.env.NODE_MODULES, name, file)));
const { Lexer, Parser, Evaluator, data } = await load("@actions/expressions", "dist/index.js");
const YAML = require("yaml");

const run = JSON.parse(readFileSync(0, "utf8"));
const temporary = mkdtempSync(join(run.folder, "job-"));
const state = run.state ?? { results: {}, artifacts: join(temporary, "artifacts") };

function toData(value) {
  if (value === null || value === undefined) return new data.Null();
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  if (typeof value === "object") {
    return new data.Dictionary(...Object.entries(value).map(([key, it]) => ({ key, value: toData(it) })));
  }
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (typeof value === "number") return new data.NumberData(value);
  return new data.StringData(String(value));
}

function evaluate(text, contexts, status = "success") {
  const is = (condition) => () => new data.BooleanData(condition);
  const functions = Object.entries({
    always: is(true),
    cancelled: is(false),
    failure: is(status === "failure"),
    success: is(status === "success"),
  }).map(([name, call]) => ({ name, minArgs: 0, maxArgs: 0, call }));
  const tokens = new Lexer(text).lex().tokens;
  const tree = new Parser(tokens, Object.keys(contexts), functions).parse();
  const named = new Map(functions.map((it) => [it.name, it]));
  return new Evaluator(tree, toData(contexts), named).evaluate();
}
const fill = (text, contexts) =>
  String(text ?? "").replace(/\$\{\{(.*?)\}\}/gs, (_, it) => evaluate(it.trim(), contexts).coerceString());

function fillAll(values, contexts) {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [key, fill(value, contexts)]));
}
/// Whether a job or step runs. Without a function of status in it, `if` means "and all went well so far".
function holds(condition, contexts, status) {
  const text = String(condition ?? "success()").replace(/^\$\{\{(.*)\}\}$/s, "$1").trim();
  const asked = /\b(always|cancelled|failure|success)\(\)/.test(text);
  const value = evaluate(asked ? text : `success() && (${text})`, contexts, status);
  return value.coerceString() !== "false" && value.coerceString() !== "" && value.coerceString() !== "0";
}

function job(name, definition, contexts) {
  const root = join(temporary, name);
  const [workspace, temp] = [join(root, "work"), join(root, "temp")];
  mkdirSync(workspace, { recursive: true });
  mkdirSync(temp, { recursive: true });
  const summary = join(root, "summary.md");
  writeFileSync(summary, "");
  const job = { status: "success", path: [], exported: {}, log: "" };
  contexts = { ...contexts, runner: { temp }, steps: {} };

  function step(definition, contexts, action) {
    const outputs = {};
    if (definition.uses) return { outputs, status: uses(definition, contexts) };
    for (const file of ["output", "env", "path"]) writeFileSync(join(temp, file), "");
    const env = {
      ...run.environment,
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION_PATH: action,
      GITHUB_ENV: join(temp, "env"),
      GITHUB_OUTPUT: join(temp, "output"),
      GITHUB_PATH: join(temp, "path"),
      GITHUB_REPOSITORY: contexts.github.repository,
      GITHUB_RUN_ID: "42",
      GITHUB_SHA: run.sha,
      GITHUB_STEP_SUMMARY: summary,
      RUNNER_TEMP: temp,
      ...job.exported,
      ...fillAll(run.definition.env, contexts),
      ...fillAll(definition.env, contexts),
      PATH: [...job.path, run.environment.PATH].join(":"),
    };
    const ended = spawnSync("bash", ["-e", "-o", "pipefail", "-c", fill(definition.run, contexts)], {
      cwd: workspace,
      env,
      encoding: "utf8",
    });
    job.log += ended.stdout + ended.stderr;
    const lines = (file) => readFileSync(join(temp, file), "utf8").split("\n").filter(Boolean);
    job.path.unshift(...lines("path"));
    const pairs = (file) => lines(file).map((line) => line.split(/=(.*)/s).slice(0, 2));
    Object.assign(job.exported, Object.fromEntries(pairs("env")));
    return { outputs: Object.fromEntries(pairs("output")), status: ended.status === 0 ? "success" : "failure" };
  }

  function uses(definition, contexts) {
    const input = fillAll(definition.with, contexts);
    const git = (...args) => execFileSync("git", args, { cwd: workspace, env: run.environment, stdio: "pipe" });
    if (definition.uses.startsWith("./")) {
      const folder = join(workspace, definition.uses);
      const action = YAML.parse(readFileSync(join(folder, "action.yml"), "utf8"));
      const inputs = Object.fromEntries(Object.entries(action.inputs).map(([key, it]) => [key, input[key] ?? it.default]));
      return steps(action.runs.steps, { ...contexts, inputs, secrets: {}, vars: {} }, folder);
    }
    const name = definition.uses.split("@")[0];
    if (name === "actions/checkout") {
      if (input["persist-credentials"] !== "false") throw new Error("the checkout keeps credentials");
      git("init", "--quiet");
      git("remote", "add", "origin", run.remote);
      git("fetch", "--quiet", "--depth=1", "origin", run.sha);
      git("checkout", "--quiet", "--detach", "FETCH_HEAD");
    } else if (name === "actions/upload-artifact") {
      if (!existsSync(input.path)) return "failure";
      mkdirSync(join(state.artifacts, input.name), { recursive: true });
      cpSync(input.path, join(state.artifacts, input.name, basename(input.path)));
    } else if (name === "actions/download-artifact") {
      cpSync(join(state.artifacts, input.name), input.path, { recursive: true });
    } else {
      throw new Error(`cannot run ${definition.uses}`);
    }
    return "success";
  }

  function steps(list, contexts, action = "") {
    let status = "success";
    for (const definition of list) {
      if (!holds(definition.if, contexts, status)) continue;
      const ended = step(definition, contexts, action);
      if (definition.id) contexts.steps[definition.id] = { outputs: ended.outputs };
      if (ended.status === "failure") status = "failure";
    }
    return status;
  }

  const result = steps(definition.steps, contexts);
  return {
    result,
    outputs: fillAll(definition.outputs, contexts),
    log: job.log,
    summary: readFileSync(summary, "utf8"),
  };
}

run.definition = YAML.parse(readFileSync(run.workflow, "utf8"));
const github = {
  repository: "example/team",
  token: "token-of-the-job",
  server_url: "https://github.example",
  run_id: "42",
  sha: run.sha,
  ref_name: run.ref_name,
  base_ref: run.base_ref ?? "",
  event_name: run.event_name,
  event: { repository: { default_branch: "main", private: true }, ...run.event },
};
for (const [name, definition] of Object.entries(run.definition.jobs)) {
  if (state.results[name]) continue;
  if (name === run.hold) {
    state.held = true;
    break;
  }
  const needed = [definition.needs ?? []].flat();
  const needs = Object.fromEntries(needed.map((it) => [it, state.results[it]]));
  const failed = needed.some((it) => state.results[it].result !== "success");
  const contexts = { github, needs, vars: run.vars ?? {}, inputs: run.inputs ?? {}, secrets: {} };
  // A job that needs one that did not succeed is skipped, unless its `if` asks for the status.
  const status = needed.some((it) => state.results[it].result === "failure") ? "failure" : failed ? "skipped" : "success";
  if (!holds(definition.if, contexts, status)) {
    state.results[name] = { result: "skipped", outputs: {} };
    continue;
  }
  const environment = fill(definition.environment, contexts);
  if ((run.reject ?? []).includes(environment)) {
    state.results[name] = { result: "failure", outputs: {}, log: "rejected" };
    continue;
  }
  contexts.secrets = run.secrets[environment] ?? {};
  state.results[name] = job(name, definition, contexts);
}
console.log(JSON.stringify(state));
