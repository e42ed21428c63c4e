// What the sessions share: the server under test from the environment, and one line a step, so that a
// failure says which step of whose client it was.
import assert from 'node:assert/strict';

export const base = process.env.WEFT_BASE;
export const token = process.env.WEFT_TOKEN;
export const system = 'http://example.org/clients';

export function patient(value, more = {}) {
  return {
    resourceType: 'Patient',
    identifier: [{ system, value }],
    name: [{ family: 'Klient', given: ['Ada'] }],
    birthDate: '1970-05-04',
    ...more,
  };
}

export function observation(id, value) {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    subject: { reference: `Patient/${id}` },
    effectiveDateTime: `2026-11-${10 + value}T08:00:00Z`,
    valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  };
}

export async function step(name, run) {
  try {
    const result = await run();
    console.log(`ok ${name}`);
    return result;
  } catch (e) {
    console.log(`FAILED ${name}: ${e?.stack ?? e}`);
    console.log(JSON.stringify(e?.response?.data ?? e?.outcome ?? null));
    process.exit(1);
  }
}

// The call must be refused with an outcome that says the word.
export async function refused(run, word) {
  let told;
  try {
    await run();
  } catch (e) {
    told = JSON.stringify(e?.response?.data ?? e?.outcome ?? String(e?.message ?? e));
  }
  assert.ok(told, 'it was not refused');
  assert.match(told, word);
}
