// @medplum/core's client as published: everything in it that speaks plain FHIR.
import assert from 'node:assert/strict';
import { MedplumClient } from '@medplum/core';
import { base, token, system, patient, observation, step, refused } from './session.mjs';

const client = new MedplumClient({
  baseUrl: base.replace(/fhir$/, ''),
  fhirUrlPath: 'fhir',
  accessToken: token,
  cacheTime: 0,
  autoBatchTime: 0,
  fetch,
});
const has = await step('what the server offers', async () => {
  const statement = await client.get(client.fhirUrl('metadata'));
  const operations = JSON.stringify(statement.rest[0].operation ?? []) + JSON.stringify(statement.rest[0].resource);
  return (name) => operations.includes(`"${name}"`);
});

const made = await step('createResource', () => client.createResource(patient('medplum')));
const id = made.id;
await step('createResourceIfNoneExist', async () => {
  const query = `identifier=${system}|medplum`;
  assert.equal((await client.createResourceIfNoneExist(patient('medplum'), query)).id, id);
});
await step('upsertResource', async () => {
  const query = { identifier: `${system}|medplum` };
  const same = await client.upsertResource(patient('medplum', { active: true }), query);
  assert.deepEqual([same.id, same.meta.versionId], [id, '2']);
  const other = await client.upsertResource(patient('medplum-2'), { identifier: `${system}|medplum-2` });
  assert.notEqual(other.id, id);
});
await step('readResource, updateResource', async () => {
  const read = await client.readResource('Patient', id);
  const changed = await client.updateResource({ ...read, active: false });
  assert.equal(changed.meta.versionId, '3');
});
await step('patchResource', async () => {
  const changed = await client.patchResource('Patient', id, [
    { op: 'test', path: '/meta/versionId', value: '3' },
    { op: 'add', path: '/gender', value: 'female' },
  ]);
  assert.equal(changed.gender, 'female');
  await refused(
    () => client.patchResource('Patient', id, [{ op: 'test', path: '/meta/versionId', value: '1' }]),
    /versionId/,
  );
});
await step('readHistory, readVersion, readReference', async () => {
  assert.equal((await client.readHistory('Patient', id)).entry.length, 4);
  assert.equal((await client.readVersion('Patient', id, '2')).active, true);
  assert.equal((await client.readReference({ reference: `Patient/${id}` })).id, id);
});
await step('executeBatch', async () => {
  const done = await client.executeBatch({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [1, 2, 3, 4, 5].map((v) => ({
      resource: observation(id, v),
      request: { method: 'POST', url: 'Observation' },
    })),
  });
  assert.ok(done.entry.every((e) => e.response.status.startsWith('201')));
});
await step('search, searchOne, searchResources, searchResourcePages', async () => {
  const query = { subject: `Patient/${id}`, _sort: 'date', _count: '2', _total: 'accurate' };
  const bundle = await client.search('Observation', query);
  assert.deepEqual([bundle.total, bundle.entry.length], [5, 2]);
  const one = await client.searchOne('Patient', { identifier: `${system}|medplum` });
  assert.equal(one.id, id);
  const list = await client.searchResources('Observation', `subject=Patient/${id}`);
  assert.equal(list.length, 5);
  const seen = [];
  for await (const page of client.searchResourcePages('Observation', query)) {
    seen.push(...page.map((o) => o.valueQuantity.value));
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});
await step('automatic batches of reads', async () => {
  const batching = new MedplumClient({
    baseUrl: base.replace(/fhir$/, ''), fhirUrlPath: 'fhir', accessToken: token, cacheTime: 0,
    autoBatchTime: 20, fetch,
  });
  const [a, b] = await Promise.all([
    batching.readResource('Patient', id),
    batching.searchResources('Observation', `subject=Patient/${id}`),
  ]);
  assert.deepEqual([a.id, b.length], [id, 5]);
});
if (has('everything')) {
  await step('readPatientEverything', async () => {
    assert.equal((await client.readPatientEverything(id)).entry.length, 6);
  });
}
if (has('validate')) {
  await step('validateResource', async () => {
    const outcome = await client.validateResource(patient('valid'));
    assert.equal(outcome.resourceType, 'OperationOutcome');
  });
}
if (has('expand')) {
  await step('valueSetExpand', async () => {
    const set = await client.valueSetExpand({ url: 'http://hl7.org/fhir/ValueSet/administrative-gender' });
    assert.equal(set.expansion.contains.length, 4);
  });
}
if (has('graphql')) {
  await step('graphql', async () => {
    const answer = await client.graphql(`{ Patient(id: "${id}") { id gender name { family } } }`);
    assert.deepEqual(answer.data.Patient, { id, gender: 'female', name: [{ family: 'Klient' }] });
  });
}
if (has('export')) {
  await step('bulkExport', async () => {
    const done = await client.bulkExport('Patient', 'Patient,Observation', undefined, {
      pollStatusOnAccepted: true,
      pollStatusPeriod: 100,
    });
    const files = done.output.filter((o) => o.type === 'Observation');
    assert.ok(files.length >= 1);
    const blob = await client.download(files[0].url);
    assert.ok((await blob.text()).split('\n').filter(Boolean).length >= 5);
  });
}
await step('deleteResource', async () => {
  const doomed = await client.createResource(patient('medplum-3'));
  await client.deleteResource('Patient', doomed.id);
  await refused(() => client.readResource('Patient', doomed.id), /deleted/);
});
await step('refusals', async () => {
  await refused(() => client.readResource('Patient', 'nobody'), /not-found|There is no/);
  await refused(() => client.createResource({ ...patient('x'), gender: 'wrong' }), /Patient.gender/);
  await refused(() => client.search('Patient', 'frob=1'), /frob/);
});
