// SPDX-License-Identifier: Apache-2.0
// status_page.mjs URL FOLDER: looks at the status page and writes FOLDER/status-<look>.png. Exit code 1: it has faults.
import { join } from "node:path";
import { LOOKS, open, overflow, seriousFaults } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);
const SAMPLES = 12; // of the sparklines, one a second
const found = [];

async function keyboard(page) {
  const state = () => page.$eval("#state", (e) => e.textContent);
  await page.keyboard.press("Tab");
  const focused = await page.evaluate(() => document.activeElement.id);
  if (focused !== "pause") found.push("keyboard: Tab leads to " + focused);
  await page.keyboard.press("Space");
  if ((await state()) !== "Paused") found.push("keyboard: Space does not pause, it says " + (await state()));
  const uptime = await page.$eval("#about", (e) => e.textContent);
  await page.keyboard.press("Enter");
  await page.waitForFunction((was) => document.getElementById("state").textContent === "Live" &&
    document.getElementById("about").textContent !== was, { timeout: 15000 }, uptime);
}

async function look(at) {
  const { browser, page, faults } = await open(url, at);
  try {
    await page.waitForFunction(() => document.getElementById("state").textContent === "Live", { timeout: 15000 });
    await page.waitForFunction((n) => document.querySelector("polyline").getAttribute("points").split(" ").length >= n,
      { timeout: 60000 }, at.width > 1000 ? SAMPLES : 3);
    await page.screenshot({ path: join(folder, `status-${at.name}.png`), fullPage: true });
    const serious = await seriousFaults(page);
    found.push(...faults.concat(serious).map((fault) => `${at.name}: ${fault}`));
    const wider = await overflow(page);
    if (wider > 0) found.push(`${at.name}: the page is ${wider} px wider than the window`);
    if (at.name === "light") await keyboard(page);
  } finally {
    await browser.close();
  }
}

for (const at of LOOKS) await look(at);
for (const fault of found) console.log(fault);
process.exit(found.length === 0 ? 0 : 1);
