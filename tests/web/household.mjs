// A household opens its link: both energies if it has both, the latest day, thirty bars, one day's curve, downloads, who looked, the other language.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { keepScreenshot, run, setting } from "./browser.mjs";

const token = setting("RELEVE_HOUSEHOLD_TOKEN");

await run("household", async (page, base) => {
  await page.goto(`${base}/#token=${encodeURIComponent(token)}`);
  await page.waitForSelector("#latest .value, #both");
  assert.equal(new URL(page.url()).hash, "", "the token leaves the address bar");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("token")), token);

  // Both energies in kWh; the volume and the coefficient stand beside that of gas.
  if ((await page.locator("#both").count()) > 0) {
    for (const energy of ["electricity", "gas"]) {
      await page.waitForSelector(`[data-energy=${energy}] .bar`);
      assert.match(await page.textContent(`[data-energy=${energy}] .lead .value`), /^\d+[.,]\d kWh$/);
    }
    assert.match(await page.textContent("[data-energy=gas] .lead .note"), /^\d+\.\d{3} m³ × \d+(\.\d+)? kWh\/m³$/);
    await keepScreenshot(page, "both.png");
    await page.click("[data-energy=gas] button:has-text('Details')");
    await page.waitForSelector("#curve .sum");
    assert.match(await page.textContent("#curve .sum"), /^\d+\.\d kWh = \d+\.\d{3} m³ × \d+(\.\d+)? kWh\/m³$/);
    assert.match(await page.textContent("#curve .facts"), /m³/);
    assert.equal(await page.locator("#days .bar").count(), 30);
    await keepScreenshot(page, "gas.png");
    await page.click("text=All usage points");
    await page.click("[data-energy=electricity] button:has-text('Details')");
    await page.waitForSelector("#latest .value");
  }
  assert.match(await page.textContent("#latest .value"), /^\d+[.,]\d kWh$/);

  // What the home's dongle says, where there is one: the power now, today's, and that nothing proves it.
  assert.equal(await page.locator("#live").count(), Number(process.env.RELEVE_INVENTED ?? 0));
  if (process.env.RELEVE_INVENTED) {
    assert.match(await page.textContent("#live .sum"), /^812 VA at \d+ \w+ \d{4}, \d\d:\d\d$/);
    assert.match(await page.textContent("#live"), /Nothing proves it/);
    assert.equal(await page.locator("#live tbody tr").count(), 3);
    await page.click("#live button");
    await page.waitForSelector("#live svg.curve .area");
  }

  // Thirty days, each a bar one can read without seeing it.
  await page.waitForSelector("#days .bar");
  const bars = page.locator("#days .bar");
  assert.equal(await bars.count(), 30);
  for (const label of await bars.evaluateAll((all) => all.map((bar) => bar.getAttribute("aria-label"))))
    assert.match(label, /\d{4} : (\d+\.\d kWh(, incomplete)?|no reading)$/);
  const shown = await bars.evaluateAll((all) => all.map((bar) => [bar.dataset.date, bar.classList.contains("missing")]));

  // The chosen day's curve, and another day by mouse, then by keyboard.
  await page.waitForSelector("#curve svg.curve .line");
  await keepScreenshot(page, "household.png");
  const received = shown.filter(([, missing]) => !missing).map(([date]) => date);
  const other = received[0];
  await page.click(`#days .bar[data-date="${other}"]`);
  await page.waitForSelector(`#curve[data-date="${other}"] svg.curve`);
  assert.equal(await page.getAttribute(`#days .bar[data-date="${other}"]`, "aria-pressed"), "true");
  await page.focus(`#days .bar[data-date="${other}"]`);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const next = shown[shown.findIndex(([date]) => date === other) + 1][0];
  await page.waitForSelector(`#curve[data-date="${next}"]`);
  assert.equal(await page.evaluate(() => document.activeElement?.dataset?.date), next, "the focus stays on the bars");

  // A missing day says so and draws no line.
  const missing = shown.find(([, isMissing]) => isMissing);
  if (missing) {
    await page.click(`#days .bar[data-date="${missing[0]}"]`);
    await page.waitForSelector(`#curve[data-date="${missing[0]}"] .notice`);
    assert.equal(await page.locator("#curve svg.curve").count(), 0);
  }

  // What is shown can be taken away.
  const [csv] = await Promise.all([page.waitForEvent("download"), page.click("#download button >> nth=0")]);
  const lines = readFileSync(await csv.path(), "utf8").trimEnd().split("\r\n");
  assert.match(csv.suggestedFilename(), /^releve-\w+-daily-[\d-]+\.csv$/);
  assert.equal(lines[0], "date,energy_wh,slots,missing,quality");
  assert.deepEqual(lines.slice(1).map((line) => line.split(",")[0]), shown.map(([date]) => date));
  const [json] = await Promise.all([page.waitForEvent("download"), page.click("#download button >> nth=1")]);
  assert.equal(JSON.parse(readFileSync(await json.path(), "utf8")).days.length, 30);

  assert.ok((await page.locator("#accesses tbody tr").count()) > 0, "somebody looked");

  // The same in French, and back to the door.
  await page.click("#lang-fr");
  await page.waitForSelector("text=Qui a consulté ces données");
  assert.equal(await page.getAttribute("html", "lang"), "fr");
  await page.reload();
  await page.waitForSelector("text=Jour par jour");
  await page.click("#sign-out");
  await page.waitForSelector("#token");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("token")), null);

  // A token that is not one is refused in plain words.
  await page.fill("#token", "not-a-token");
  await page.click("button.main");
  await page.waitForSelector("[role=alert]");
  assert.match(await page.textContent("[role=alert]"), /jeton d'accès valable/);

  // Only daily totals are kept: a sentence instead of the curve.
  const daily = process.env.RELEVE_DAILY_TOKEN;
  if (daily) {
    await page.fill("#token", daily);
    await page.click("button.main");
    await page.waitForSelector("#curve .notice");
    assert.match(await page.textContent("#curve"), /Seuls les totaux journaliers sont conservés/);
    assert.equal(await page.locator("#days .bar").count(), 30);
  }
});
