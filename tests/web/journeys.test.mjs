// Both journeys against the real product: the demo's server with its data, in a folder of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const binary = process.env.RELEVE_BINARY ?? join(here, "../../build/release/releve");
const dataDir = mkdtempSync(join(tmpdir(), "releve-web-"));
chmodSync(dataDir, 0o755); // as root, PostgreSQL runs as another user
let demo;
const environment = { ...process.env };

before(async () => {
  demo = spawn(binary, ["demo", "--port", "0", "--data-dir", dataDir], { cwd: join(here, "../..") });
  demo.stderr.pipe(process.stderr);
  for await (const line of createInterface({ input: demo.stdout })) {
    const link = /(household|operator).*(http:\/\/[^/]+)\/#token=(\S+)/.exec(line);
    if (!link) continue;
    environment.RELEVE_BASE_URL = link[2];
    environment[`RELEVE_${link[1].toUpperCase()}_TOKEN`] = link[3];
    if (environment.RELEVE_HOUSEHOLD_TOKEN && environment.RELEVE_OPERATOR_TOKEN) break;
  }
  demo.stdout.resume();
  assert.ok(environment.RELEVE_OPERATOR_TOKEN, "the demo printed its links");
});

after(async () => {
  const ended = new Promise((resolve) => demo.once("exit", resolve));
  demo.kill("SIGTERM");
  await ended;
  rmSync(dataDir, { recursive: true, force: true });
});

for (const journey of ["household", "operator"])
  test(`the ${journey}'s page`, async () => {
    const child = spawn(process.execPath, [join(here, `${journey}.mjs`)], { env: environment, stdio: "inherit" });
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  });
