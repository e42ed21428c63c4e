// A diabetic fortnight in two acts: the patient's glucose, and the sensor's days stand below it: ranges with their goals,
// the indices, a usual day, a line a day; in the other unit, as a table, in Arabic and at 390 px.
import { api, axe, expect, planted, shot, signIn, test } from "./kit";

test("a sensor's fortnight on one page", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const free = planted().filter((p) => p.monitored && p.planted === "");
  const { patient } = free[free.length - 2]!;
  const minute = 60_000;
  const now = Math.floor(Date.now() / (5 * minute)) * 5 * minute;
  for (let d = 13; d >= 0; d--) {
    // A wave over each day: high after breakfast, one low hour a day; old ones are charted, today's stays within limits.
    const value = (i: number): number =>
      Math.round(135 + (d > 1 ? 75 : 40) * Math.sin(i / 23 + d / 9) + (d > 1 && i % 288 < 12 ? -85 : 0) + (d > 1 && i % 96 === 50 ? 100 : 0));
    await nurse("POST", "/fhir/Observation", {
      resourceType: "Observation",
      status: "final",
      code: { coding: [{ system: "http://loinc.org", code: "99504-3" }] },
      subject: { reference: `Patient/${patient}` },
      effectivePeriod: {
        start: new Date(now - (d + 1) * 1440 * minute + 5 * minute).toISOString(),
        end: new Date(now - d * 1440 * minute).toISOString(),
      },
      valueSampledData: {
        origin: { value: 0, unit: "mg/dL", system: "http://unitsofmeasure.org", code: "mg/dL" },
        period: 5 * minute,
        dimensions: 1,
        data: Array.from({ length: 288 }, (_, i) => value(i)).join(" "),
      },
    });
  }
  const told = (await nurse("GET", `/fhir/Patient/${patient}/$glucose`)) as {
    percent: Record<string, number>;
    gmi: number;
    daily: object[];
  };
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await page.getByRole("button", { name: /^Glucose/ }).click();
  const pane = page.getByRole("region", { name: "Sensor glucose, 14 days" });
  await expect(pane.getByRole("row", { name: /^.?70.? to .?180/ })).toContainText(`${told.percent.inRange!.toFixed(1)} %`);
  await expect(pane.getByText(`${told.gmi.toFixed(1)} %`)).toBeVisible();
  await expect(pane.getByText(/% captured, a reading every .?5.? minutes/)).toBeVisible();
  await expect(pane.getByRole("img", { name: /^A usual day: lowest at/ })).toBeVisible();
  await expect(pane.getByText(/% in range$/)).toHaveCount(told.daily.length);
  await axe(page);
  await pane.evaluate((e) => e.scrollIntoView());
  await shot(page, "p3-fortnight");
  await pane.getByRole("radio", { name: "mmol/L" }).check({ force: true });
  await expect(pane.getByRole("row", { name: /^.?3\.9.? to .?10\.0/ })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: /^Glucose/ }).click();
  await expect(pane.getByRole("row", { name: /^.?3\.9.? to .?10\.0/ })).toBeVisible();
  await pane.getByRole("radio", { name: "mg/dL" }).check({ force: true });
  await pane.getByRole("radio", { name: "Table" }).check({ force: true });
  await expect(pane.getByRole("rowheader", { name: "06:00" })).toBeVisible();
  await axe(page);
  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.getByRole("button", { name: /^سكر الدم/ }).click();
  const here = page.getByRole("region", { name: "سكر المستشعر، 14 يومًا" });
  await expect(here.getByRole("img", { name: /^يوم معتاد/ })).toBeVisible();
  await axe(page);
  await here.evaluate((e) => e.scrollIntoView());
  await shot(page, "p4-fortnight-ar");
});
