// A weight that may be another person's stands beside the chart with its reason; the nurse takes the mark
// away, and it counts.
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
