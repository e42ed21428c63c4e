// fhirclient (SMART's JS client) as published, with a token it was given: a whole session.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { base, token, system, patient, observation, step, refused } from './session.mjs';

const smart = createRequire(import.meta.url)('fhirclient');
const request = { headers: { host: '127.0.0.1' }, url: '/' };
const client = smart(request, {}, {}).client({
  serverUrl: base,
  tokenResponse: { access_token: token, patient: 'none' },
});

await step('versions', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});
const made = await step('create', () => client.create(patient('smart')));
const id = made.id;
await step('read, update, patch', async () => {
  assert.equal((await client.request(`Patient/${id}`)).birthDate, '1970-05-04');
  assert.equal((await client.update({ ...made, active: true })).meta.versionId, '2');
  const changed = await client.patch(`Patient/${id}`, [{ op: 'replace', path: '/active', value: false }]);
  assert.equal(changed.active, false);
});
await step('references and pages', async () => {
  for (let v = 1; v <= 5; v++) {
    await client.create(observation(id, v));
  }
  const pages = await client.request(`Observation?subject=Patient/${id}&_count=2&_sort=date`, {
    pageLimit: 0,
    flat: true,
    resolveReferences: 'subject',
  });
  assert.deepEqual(pages.map((o) => o.valueQuantity.value), [1, 2, 3, 4, 5]);
  assert.equal(pages[0].subject.id, id);
  const graph = await client.request(`Observation?subject=Patient/${id}`, {
    graph: false,
    resolveReferences: ['subject'],
    flat: true,
  });
  assert.equal(graph.references[`Patient/${id}`].id, id);
});
await step('its patient', async () => {
  const mine = smart(request, {}, {}).client({
    serverUrl: base,
    tokenResponse: { access_token: token, patient: id },
  });
  assert.equal((await mine.patient.read()).id, id);
  const inside = await mine.patient.request('Observation');
  assert.equal(inside.entry.length, 5);
});
await step('delete and refusals', async () => {
  const doomed = await client.create(patient('smart-2'));
  await client.delete(`Patient/${doomed.id}`);
  await refused(() => client.request(`Patient/${doomed.id}`), /410|deleted|Gone/);
  await refused(() => client.request('Patient?frob=1'), /frob/);
  await refused(() => client.create({ ...patient('bad'), gender: 'wrong' }), /Patient.gender|value set/);
  const again = await client.request(`Patient?identifier=${encodeURIComponent(`${system}|smart-2`)}`);
  assert.equal(again.entry, undefined);
});
