// SPDX-License-Identifier: Apache-2.0
// A page in Chromium as its readers have it: in light and dark, on a desk and on a phone; what axe-core says of it.
import axe from "axe-core";
import puppeteer from "puppeteer-core";

export const LOOKS = [
  { name: "light", scheme: "light", width: 1280, height: 900 },
  { name: "dark", scheme: "dark", width: 1280, height: 900 },
  { name: "phone", scheme: "light", width: 390, height: 844 },
  { name: "phone-dark", scheme: "dark", width: 390, height: 844 },
];

export async function open(url, look) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || "chromium",
    // In a container there are no user namespaces to make a sandbox of; the page is ours.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const page = await browser.newPage();
  const faults = []; // what a reader would find in the console
  page.on("console", (message) => { if (message.type() === "error") faults.push(message.text()); });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push("loads " + request.url());
  });
  await page.setViewport({ width: look.width, height: look.height, deviceScaleFactor: 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.scheme }]);
  await page.goto(url, { waitUntil: "load" });
  return { browser, page, faults };
}

// Violations that axe-core calls serious or critical, one line each. Through the debugger, which no policy of the page binds.
export async function seriousFaults(page) {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}

// The page itself must not scroll sideways (WCAG 2.2, 1.4.10).
export async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
