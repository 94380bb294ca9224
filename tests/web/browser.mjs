// What both journeys need: the browser, a page that fails on any script error or policy violation, and small checks.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

export function setting(name, fallback) {
  const value = process.env[name] ?? fallback;
  if (value === undefined) {
    console.error(`${name} is not set (see tests/web/README.md)`);
    process.exit(2);
  }
  return value;
}

// Runs `journey(page, base)` and ends the process: 0 when all held, 1 otherwise.
export async function run(name, journey, options = {}) {
  const base = setting("RELEVE_BASE_URL");
  const browser = await chromium.launch({
    executablePath: process.env.RELEVE_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let code = 0;
  try {
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "America/New_York", acceptDownloads: true, viewport: { width: 1180, height: 900 }, ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(`script error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(`console: ${message.text()}`);
    });
    await journey(page, base);
    assert.deepEqual(complaints, []);
    console.log(`${name}: passed`);
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    code = 1;
  } finally {
    await browser.close();
  }
  process.exit(code);
}

// Kept only where asked: RELEVE_SCREENSHOTS=docs/images.
export async function keepScreenshot(page, file, options = {}) {
  const folder = process.env.RELEVE_SCREENSHOTS;
  if (!folder) return;
  const path = `${folder}/${file}`;
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, fullPage: true, ...options });
}
