// A batch of letters (tests/data/letters/three.html, kept up to date by tests/unit/app/letter_test.cpp) as the print shop gets it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const letters = readFileSync(process.env.RELEVE_LETTERS ?? join(here, "../data/letters/three.html"), "utf8");
const homes = letters.split('class="letter"').length - 1;
let browser;
let page;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.RELEVE_CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"] });
  page = await browser.newPage();
  await page.setContent(letters);
  await page.emulateMedia({ media: "print" });
});

after(async () => browser.close());

test("a page a home on A4", async () => {
  const pdf = await page.pdf({ path: process.env.RELEVE_PDF, format: "A4", preferCSSPageSize: true });
  const sizes = pdf.toString("latin1").match(/\/Type\s*\/Page\b[^s]/g) ?? [];
  assert.equal(homes, 3);
  assert.equal(sizes.length, homes);
  const boxes = [...pdf.toString("latin1").matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)/g)];
  assert.equal(boxes.length, homes);
  for (const [, width, height] of boxes) {
    assert.ok(Math.abs(width - 595.3) < 1 && Math.abs(height - 841.9) < 1, `${width} x ${height} pt`);
  }
});

test("nothing is cut off, and nothing is small", async () => {
  const found = await page.evaluate(() =>
    [...document.querySelectorAll(".letter")].map((letter) => ({
      cut: Math.max(...[letter, ...letter.children].map((one) => one.scrollHeight - one.clientHeight)),
      wide: Math.max(...[letter, ...letter.children].map((one) => one.scrollWidth - one.clientWidth)),
      smallest: Math.min(...[...letter.querySelectorAll("p,h1,h2,strong")].map((one) => parseFloat(getComputedStyle(one).fontSize))),
      amount: parseFloat(getComputedStyle(letter.querySelector(".amount")).fontSize),
      labels: Math.min(...[...letter.querySelectorAll("svg text")].map((one) => (parseFloat(getComputedStyle(one).fontSize) * one.ownerSVGElement.clientWidth) / 700)),
    })),
  );
  const px = 96 / 72; // of a point
  assert.equal(found.length, homes);
  for (const one of found) {
    assert.ok(one.cut <= 0 && one.wide <= 0, `cut off: ${one.cut} px down, ${one.wide} px to the right`);
    assert.ok(one.smallest >= 14 * px - 0.01, `${one.smallest} px`);
    assert.ok(one.amount >= 22 * px, `${one.amount} px`);
    assert.ok(one.labels >= 13.5 * px, `${one.labels} px`);
  }
});
