// A weight that may be another person's stands beside the chart with its reason; the nurse takes the mark
// away, and it counts. Temperature, breathing and what a sensor sends as one are drawn like the others.
import { api, axe, expect, planted, shot, signIn, test } from "./kit";

interface Found {
  entry: { resource: { valueQuantity: { value: number } } }[];
}

test("somebody else on the scale", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const { patient } = planted().find((p) => p.monitored && p.planted === "")!;
  const last = (await nurse(
    "GET",
    `/fhir/Observation?patient=${patient}&code=29463-7&_sort=-date&_count=1`,
  )) as Found;
  const kg = Math.round(last.entry[0]!.resource.valueQuantity.value) + 20;
  await nurse("POST", "/omh/dataPoints", {
    header: {
      id: `walk-${kg}`,
      creation_date_time: new Date().toISOString(),
      schema_id: { namespace: "omh", name: "body-weight", version: "3.0" },
      user_id: patient,
    },
    body: {
      body_weight: { value: kg, unit: "kg" },
      effective_time_frame: { date_time: new Date().toISOString() },
    },
  });
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await page.getByRole("button", { name: /^Weight/ }).click();
  const held = page.getByRole("region", { name: "Kept until a nurse looks" });
  await expect(held).toContainText(`${kg}.0`);
  await expect(held).toContainText("perhaps another person's");
  await expect(page.getByRole("button", { name: /^Weight/ })).not.toContainText(`${kg}.0`);
  await axe(page);
  await shot(page, "p1-doubts");
  await held.getByRole("button", { name: "It is this person's" }).click();
  await expect(held).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Weight/ })).toContainText(`${kg}.0`);
});

test("temperature, breaths and a sensor's hours are drawn", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const free = planted().filter((p) => p.monitored && p.planted === "");
  const { patient } = free[free.length - 1]!;
  const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const send = (code: string, more: object): Promise<unknown> =>
    nurse("POST", "/fhir/Observation", {
      resourceType: "Observation",
      status: "final",
      code: { coding: [{ system: "http://loinc.org", code }] },
      subject: { reference: `Patient/${patient}` },
      ...more,
    });
  const quantity = (value: number, unit: string): object => ({
    valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
  });
  await send("8310-5", { effectiveInstant: ago(5), ...quantity(99.5, "[degF]") });
  await send("9279-1", { effectivePeriod: { start: ago(5), end: ago(4) }, ...quantity(16, "/min") });
  await send("99504-3", {
    effectivePeriod: { start: ago(20), end: ago(5) },
    valueSampledData: {
      origin: { value: 0, unit: "mg/dL", system: "http://unitsofmeasure.org", code: "mg/dL" },
      period: 300_000,
      dimensions: 1,
      data: "121 E 133 127",
    },
  });
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await expect(page.getByRole("button", { name: /^Temperature/ })).toContainText("37.5 °C");
  await expect(page.getByRole("button", { name: /^Breathing rate/ })).toContainText("16 /min");
  const glucose = page.getByRole("button", { name: /^Glucose/ });
  await expect(glucose).toContainText("127 mg/dL");
  await glucose.click();
  const drawn = page.getByRole("figure");
  await drawn.getByRole("radio", { name: "Table" }).check({ force: true });
  for (const v of ["121", "133", "127"]) await expect(drawn.getByRole("cell", { name: v, exact: true })).toBeVisible();
  await drawn.getByRole("radio", { name: "Chart" }).check({ force: true });
  await axe(page);
  await shot(page, "p2-more-signs");
});

test("days of steps and sleep, medicines taken, and NEWS2 by its parts", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const free = planted().filter((p) => p.monitored && p.planted === "");
  const { patient } = free[free.length - 1]!;
  const send = (system: string, code: string, value: number, unit: string): Promise<unknown> =>
    nurse("POST", "/fhir/Observation", {
      resourceType: "Observation",
      status: "final",
      code: { coding: [{ system, code }] },
      subject: { reference: `Patient/${patient}` },
      effectiveDateTime: new Date().toISOString(),
      valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
    });
  const loinc = "http://loinc.org";
  await send(loinc, "41950-7", 4321, "{steps}");
  await send(loinc, "93832-4", 6.5, "h");
  await send("http://snomed.info/sct", "418633004", 50, "%");
  await send(loinc, "8867-4", 96, "/min");
  await send(loinc, "9279-1", 22, "/min");
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await expect(page.getByRole("button", { name: /^Steps/ })).toContainText("steps");
  await expect(page.getByRole("button", { name: /^Sleep/ })).toContainText(/\d h/);
  const taken = page.getByRole("button", { name: /^Medicines taken/ });
  await expect(taken).toContainText("%");
  const score = page.getByRole("region", { name: "NEWS2" });
  await expect(score).toHaveCount(0); // nobody watches this patient by it

  await nurse("POST", "/fhir/CarePlan", {
    resourceType: "CarePlan",
    status: "active",
    intent: "plan",
    subject: { reference: `Patient/${patient}` },
    instantiatesCanonical: ["https://weft.health/fhir/PlanDefinition/acute-at-home"],
    period: { start: new Date().toISOString().slice(0, 10) },
  });
  await expect(score).toContainText("At least");
  await expect(score).toContainText(/Scale .?1.? for oxygen/);
  await expect(score).toContainText(/\d.? of .?7.? parts measured in the last .?12.? hours/);
  const part = (name: RegExp) => score.getByRole("row", { name });
  await expect(part(/^Breathing rate/)).toContainText("22 /min");
  await expect(part(/^Breathing rate/).getByRole("cell").last()).toHaveText("2");
  await expect(part(/^Heart rate/).getByRole("cell").last()).toHaveText("1");
  await expect(part(/^Alertness/)).toContainText("Not measured");
  await axe(page);
  await shot(page, "p3-news2");
  await taken.click();
  await shot(page, "p4-days");
});

test("a clock that was off is said beside the reading that a gateway put right", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const free = planted().filter((p) => p.monitored && p.planted === "");
  const { patient } = free[free.length - 2]!;
  const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const subject = { reference: `Patient/${patient}` };
  const send = (value: number, minutes: number, seconds: number): Promise<unknown> =>
    nurse("POST", "/fhir", {
      resourceType: "Bundle",
      type: "transaction",
      entry: [
        {
          fullUrl: "urn:uuid:0b7a4f5e-0000-4000-8000-000000000001",
          request: { method: "POST", url: "Observation" },
          resource: {
            resourceType: "Observation",
            status: "final",
            code: { coding: [{ system: "urn:iso:std:iso:11073:10101", code: "67975" }] },
            subject,
            effectiveDateTime: at(minutes),
            valueDateTime: new Date(Date.now() - minutes * 60_000 + seconds * 1000).toISOString(),
          },
        },
        {
          fullUrl: "urn:uuid:0b7a4f5e-0000-4000-8000-000000000002",
          request: { method: "POST", url: "Observation" },
          resource: {
            resourceType: "Observation",
            status: "final",
            code: { coding: [{ system: "urn:iso:std:iso:11073:10101", code: "150364" }, { system: "http://loinc.org", code: "8310-5" }] },
            subject,
            effectiveDateTime: at(minutes),
            valueQuantity: { value, unit: "Cel", system: "http://unitsofmeasure.org", code: "Cel" },
            derivedFrom: [{ reference: "urn:uuid:0b7a4f5e-0000-4000-8000-000000000001" }],
          },
        },
      ],
    });
  await send(36.7, 9, -7300); // two hours behind
  await send(36.8, 6, 100); // within what a clock may be off
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await page.getByRole("button", { name: /^Temperature/ }).click();
  const off = page.getByRole("region", { name: "The clock was off" });
  await expect(off.getByRole("listitem")).toHaveCount(1);
  await expect(off).toContainText("36.7");
  await expect(off).toContainText(/clock was .?2 hr.? behind and said .*; the time was set right/);
  await axe(page);
  await off.scrollIntoViewIfNeeded();
  await shot(page, "p4-clock");
});
