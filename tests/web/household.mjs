// A household opens its link: both energies if it has both, the latest day, thirty bars, one day's curve, downloads, who looked, the other language.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { bills, someBill } from "./bills.mjs";
import { keepScreenshot, run, setting } from "./browser.mjs";

const token = setting("RELEVE_HOUSEHOLD_TOKEN");

// What is not simply measured is drawn otherwise, says why, and tells its versions to mouse and keyboard.
async function reasons(page, base, bars) {
  const words = await (await page.request.get(`${base}/api/v1/words`)).json();
  await page.route("**/failures?severity=doubt*", async (route) => { // and one of what the home feeds in, which is another matter
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, failures: answer.failures.flatMap((row) => [row, { ...row, id: -row.id, channel: "active_power_export", rule: "negative" }]) } });
  });
  const estimated = bars.and(page.locator("[aria-label$='partly estimated']")).last();
  const day = await estimated.getAttribute("aria-label");
  await estimated.click();
  await page.waitForSelector("#curve .line.estimated");
  assert.deepEqual(await page.locator("#curve svg .mark").allTextContents(), ["≈", "◆"], "estimated and corrected are told apart without colour");
  assert.match(await page.textContent("#curve .why"), /\d\d:00 – \d\d:00 · Estimated between neighbours\. No reading was received.*\d\d:00 – \d\d:30 · Corrected by hand\..*doubted: Far more than the highest/s);
  assert.ok(!(await page.textContent("#curve .why")).includes(words.validation_rules.negative.plain.en), "another channel's failures are not told of this one");
  await page.unroute("**/failures?severity=doubt*");
  assert.match(await page.locator("#days tbody tr", { hasText: day.split(" : ")[0] }).textContent(), /(45 \/ 48|43 \/ 46|47 \/ 50)/, "what was estimated or corrected was not received");
  assert.match(await page.textContent("#curve .facts"), /Half-hours received(44|46|48) \/ (46|48|50)/);
  const figures = await page.textContent("#curve .facts dd:last-child >> nth=-1");
  assert.equal(Number(figures.split(" / ")[1]) - Number(figures.split(" / ")[0]), 2, "an estimate was not received");

  await page.click("#curve summary");
  const corrected = page.locator("#curve tbody tr", { hasText: "measured:" });
  assert.match(await corrected.textContent(), /^\d\d:00\d\.\d{3} kWCorrected by hand \(measured: 1\d\.\d{3} kW\)$/);
  await corrected.locator("button").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open] tbody");
  const versions = await page.locator("dialog tbody tr").allTextContents();
  assert.equal(versions.length, 3);
  assert.match(versions[0], /until \d+ .* kWMeasuredthe meterSent by the meter\.$/);
  assert.match(versions[1], /until .* kWDoubtfulRelevé, by itselfFar more than the highest value of the time before\.$/);
  assert.match(versions[2], /^(?!.*until).* kWCorrected by handoperator of the testsThe oven was being tested$/);
  await keepScreenshot(page, "versions.png");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.ok(await corrected.locator("button").evaluate((button) => button === document.activeElement), "the focus comes back");
  await page.route("**/revisions?*", async (route) => {
    const answer = await (await route.fetch()).json(), last = answer.revisions.at(-1);
    await route.fulfill({ json: { ...answer, revisions: [...answer.revisions.slice(0, -1), { ...last, superseded_by: last.batch + 1 },
      { ...last, value: null, quality: null, method: "undo", reason: "The wrong day", batch: last.batch + 1 }] } });
  });
  await corrected.locator("button").click();
  await page.waitForSelector("dialog[open] tbody");
  assert.match((await page.locator("dialog tbody tr").allTextContents()).slice(2).join("|"), /until .* kWCorrected by hand.*\|(?!.*until).*taken backoperator of the testsThe wrong day$/);
  await page.unroute("**/revisions?*");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.locator("#curve .hover").nth(2).click();
  await page.waitForSelector("dialog[open]");
  assert.equal(await page.locator("dialog tbody tr").count(), 1);
  await page.click("dialog button:has-text('Back')");

  // What did not come says what will become of it, for a part of a day and for a whole one.
  const answer = await page.request.get(`${base}/api/v1/usage-points`, { headers: { Authorization: `Bearer ${token}` } });
  const id = (await answer.json()).usage_points[0].id;
  const { gaps } = await (await page.request.get(`${base}/api/v1/usage-points/${id}/gaps?limit=1000`, { headers: { Authorization: `Bearer ${token}` } })).json();
  const endings = { waiting: "; the meter may still send it.", must_ask: "; the meter may still have it, but nothing here can ask for it." };
  const dates = await bars.evaluateAll((all) => all.map((bar) => bar.dataset.date));
  const dateOf = (gap) => new Date(Date.parse(gap.from) + 7200000).toISOString().slice(0, 10); // gaps begin at 0:00, 10:00 or 15:00
  for (const [isWhole, sentence] of [[true, "Nothing was received on this day"], [false, "Nothing was received between 10:00 and 13:30"]]) {
    const gap = gaps.find((one) => one.state in endings && dates.includes(dateOf(one)) && Date.parse(one.to) - Date.parse(one.from) > 72000000 === isWhole);
    assert.ok(gap, "the invented data have one");
    await page.click(`#days .bar[data-date="${dateOf(gap)}"]`);
    await page.waitForSelector(`#curve[data-date="${dateOf(gap)}"]`);
    assert.equal(await page.textContent(isWhole ? "#curve .notice" : "#curve .why li >> nth=0"), sentence + endings[gap.state]);
  }
}

// Totals by day, week, month and year; what a home feeds in and the difference, where there is any.
async function totals(page) {
  await page.waitForSelector("#totals [data-period=month][aria-pressed=true]");
  await page.waitForSelector("#totals tbody tr");
  assert.deepEqual((await page.locator("#totals th").allTextContents()).filter((name) => name !== "Fed in" && name !== "Drawn less fed in"), ["Period", "Drawn", "Remarks"]);
  await page.click("#totals [data-period=day]");
  await page.waitForSelector("#totals td:has-text('readings missing:'), #totals td:has-text('Complete')");
  await page.locator("#totals tbody tr").nth(12).waitFor();
  assert.match(await page.textContent("#totals tbody tr"), /^\w{3}, \d+ \w+ \d{4}\d+\.\d kWh/);
  if (!process.env.RELEVE_INVENTED) return;
  await page.waitForSelector("#totals td:has-text('estimated or corrected: 3')");
  const part = (energy_wh) => ({ energy_wh, days: 7, slots: 336, missing: 0, estimated: 0, quality: "raw" });
  await page.route("**/totals?period=week*", (route) => route.fulfill({ json: { totals: [
    { from: "2026-11-09", to: "2026-11-16", whole: true, net_wh: -2500, drawn: part(10000), injected: { ...part(12500), days: 6, missing: 3 } }, { from: "2026-11-16", to: "2026-11-18", whole: false, net_wh: null, drawn: part(900), injected: null }] } }));
  await page.click("#totals [data-period=week]");
  await page.waitForSelector("#totals th:has-text('Fed in')");
  const rows = await page.locator("#totals tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  assert.deepEqual(rows, [["16 Nov – 22 Nov 2026 (up to 17 Nov)", "0.9 kWh", "–", "–", "Complete"], ["9 Nov – 15 Nov 2026", "10.0 kWh", "12.5 kWh", "-2.5 kWh", "Fed in: days without any reading: 1 · readings missing: 3"]]);
  await page.unroute("**/totals?period=week*");
  const none = { energy_wh: null, days: 0, slots: 0, missing: 0, estimated: 0, quality: "missing" }; // the meter could, and nothing is fed in
  await page.route("**/totals?period=month*", (route) => route.fulfill({ json: { totals: [
    { from: "2026-11-09", to: "2026-11-16", whole: true, net_wh: null, drawn: part(10000), injected: none }] } }));
  await page.click("#totals [data-period=month]");
  await page.waitForSelector("#totals tbody tr:only-child");
  assert.deepEqual(await page.locator("#totals tbody td").allTextContents().then((cells) => cells.slice(1)), ["10.0 kWh", "Complete"]);
  await page.unroute("**/totals?period=month*");
  await page.click("#totals [data-period=year]");
  await page.waitForSelector("#totals [data-period=year][aria-pressed=true]");
}

await run("household", async (page, base) => {
  await page.goto(`${base}/#token=${encodeURIComponent(token)}`);
  await page.waitForSelector("#latest .value, #both");
  assert.equal(new URL(page.url()).hash, "", "the token leaves the address bar");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("token")), token);

  // Both energies in kWh; the volume and the coefficient stand beside that of gas.
  const both = (await page.locator("#both").count()) > 0;
  if (both) {
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
    assert.match(label, /\d{4} : (\d+\.\d kWh(, incomplete|, partly (estimated|corrected|doubtful))?|no reading)$/);
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

  if (process.env.RELEVE_INVENTED) await reasons(page, base, bars);
  await totals(page);

  // What is shown can be taken away.
  const [csv] = await Promise.all([page.waitForEvent("download"), page.click("#download button >> nth=0")]);
  const lines = readFileSync(await csv.path(), "utf8").trimEnd().split("\r\n");
  assert.match(csv.suggestedFilename(), /^releve-\w+-daily-[\d-]+\.csv$/);
  assert.equal(lines[0], "date,energy_wh,slots,missing,estimated,quality");
  assert.deepEqual(lines.slice(1).map((line) => line.split(",")[0]), shown.map(([date]) => date));
  const [json] = await Promise.all([page.waitForEvent("download"), page.click("#download button >> nth=1")]);
  assert.equal(JSON.parse(readFileSync(await json.path(), "utf8")).days.length, 30);

  assert.ok((await page.locator("#accesses tbody tr").count()) > 0, "somebody looked");

  if (process.env.RELEVE_INVENTED) await bills(page, base, token);
  else await someBill(page);

  // The latest day says it where a part of it is an estimate.
  if (process.env.RELEVE_INVENTED) {
    await page.route("**/daily?*", async (route) => {
      const answer = await (await route.fetch()).json();
      for (const row of answer.days) if (row.missing === 0) Object.assign(row, { estimated: 2, quality: "estimated_linear" });
      await route.fulfill({ json: answer });
    });
    await page.reload();
    await page.waitForSelector("#latest .note:has-text('partly estimated')");
    await page.unroute("**/daily?*");
  }

  // The same in French, also after a reload, which stays at this home; and back to the door.
  const point = (await page.textContent(".title")).match(/\d{14}/)[0];
  await page.click("#lang-fr");
  await page.waitForSelector("text=Qui a consulté ces données");
  assert.equal(await page.getAttribute("html", "lang"), "fr");
  await page.reload();
  await page.waitForSelector("text=Jour par jour");
  await page.waitForSelector("#bill h2:has-text('Votre facture')");
  await page.waitForSelector("#bill .bill-total:has-text('toutes taxes comprises'), #bill .refusal");
  assert.ok((await page.textContent(".title")).includes(point));
  if (await page.locator("#bill .looks-wrong").count()) {
    await page.click("#bill .looks-wrong");
    assert.match(await page.textContent("#bill .tell"), /Il est conservé comme étant votre relevé.*la personne qui gère ce service peut le voir.*jamais une facture déjà émise/s);
    await page.click("#bill .bill-lines > li > details > summary");
  }
  await page.setViewportSize({ width: 390, height: 844 }); // a telephone
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing hangs out to the side");
  await keepScreenshot(page, "bill-narrow.png");
  await page.setViewportSize({ width: 1180, height: 900 });
  if (both) {
    await page.click("text=Tous les points de livraison");
    await page.waitForSelector("#both");
    await page.reload();
    await page.waitForSelector("#both h1:has-text('Votre logement')");
  }
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
