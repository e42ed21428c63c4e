// fhir-kit-client as published: a whole session.
import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';
import { base, token, system, patient, observation, step, refused } from './session.mjs';

const client = new Client({ baseUrl: base, bearerToken: token });

await step('capabilityStatement', async () => {
  const statement = await client.capabilityStatement();
  assert.equal(statement.fhirVersion, '4.0.1');
});
const made = await step('create', () => client.create({ resourceType: 'Patient', body: patient('kit') }));
const id = made.id;
await step('create, conditional', async () => {
  const again = await client.create({
    resourceType: 'Patient',
    body: patient('kit'),
    options: { headers: { 'If-None-Exist': `identifier=${system}|kit` } },
  });
  assert.equal(again.id, id);
});
await step('read', async () => {
  const read = await client.read({ resourceType: 'Patient', id });
  assert.equal(read.name[0].family, 'Klient');
  const { response } = Client.httpFor(read);
  assert.equal(response.headers.get('etag'), 'W/"1"');
});
await step('update', async () => {
  const changed = await client.update({ resourceType: 'Patient', id, body: { ...made, active: true } });
  assert.equal(changed.meta.versionId, '2');
});
await step('update, conditional', async () => {
  const changed = await client.update({
    resourceType: 'Patient',
    searchParams: { identifier: `${system}|kit` },
    body: patient('kit', { active: false }),
  });
  assert.deepEqual([changed.id, changed.meta.versionId], [id, '3']);
});
await step('patch', async () => {
  const changed = await client.patch({
    resourceType: 'Patient',
    id,
    jsonPatch: [
      { op: 'test', path: '/active', value: false },
      { op: 'replace', path: '/active', value: true },
    ],
  });
  assert.equal(changed.active, true);
  await refused(
    () => client.patch({ resourceType: 'Patient', id, jsonPatch: [{ op: 'remove', path: '/photo' }] }),
    /\/photo/,
  );
});
await step('vread and histories', async () => {
  assert.equal((await client.vread({ resourceType: 'Patient', id, version: '1' })).meta.versionId, '1');
  const history = await client.resourceHistory({ resourceType: 'Patient', id });
  assert.equal(history.entry.length, 4);
  assert.ok((await client.typeHistory({ resourceType: 'Patient' })).entry.length >= 4);
  assert.ok((await client.systemHistory()).entry.length >= 4);
});
await step('batch and transaction', async () => {
  const urn = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a';
  const transaction = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl: urn, resource: patient('kit-2'), request: { method: 'POST', url: 'Patient' } },
      ...[1, 2, 3, 4, 5].map((v) => ({
        resource: { ...observation('x', v), subject: { reference: urn } },
        request: { method: 'POST', url: 'Observation' },
      })),
    ],
  };
  const done = await client.transaction({ body: transaction });
  assert.ok(done.entry.every((e) => e.response.status.startsWith('201')));
  const batch = await client.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Patient/${id}` } },
        { request: { method: 'GET', url: 'Patient/nobody' } },
      ],
    },
  });
  assert.deepEqual(batch.entry.map((e) => e.response.status.slice(0, 3)), ['200', '404']);
});
const second = await step('search, by GET and POST', async () => {
  const found = await client.search({
    resourceType: 'Patient',
    searchParams: { identifier: `${system}|kit-2` },
  });
  assert.equal(found.entry.length, 1);
  const posted = await client.search({
    resourceType: 'Patient',
    searchParams: { identifier: `${system}|kit-2` },
    options: { postSearch: true },
  });
  assert.equal(posted.entry.length, 1);
  return found.entry[0].resource;
});
await step('pages', async () => {
  let page = await client.resourceSearch({
    resourceType: 'Observation',
    searchParams: { subject: `Patient/${second.id}`, _count: '2', _sort: 'date' },
  });
  const seen = [];
  let last;
  while (page) {
    seen.push(...page.entry.map((e) => e.resource.valueQuantity.value));
    last = page;
    page = await client.nextPage({ bundle: page });
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  const back = await client.prevPage({ bundle: last });
  assert.deepEqual(back.entry.map((e) => e.resource.valueQuantity.value), [3, 4]);
});
await step('compartment, system search, operation, reference', async () => {
  const inside = await client.compartmentSearch({
    resourceType: 'Observation',
    compartment: { resourceType: 'Patient', id: second.id },
  });
  assert.equal(inside.entry.length, 5);
  const all = await client.systemSearch({ searchParams: { _type: 'Patient', _id: second.id } });
  assert.equal(all.entry.length, 1);
  const everything = await client.operation({
    name: '$everything',
    resourceType: 'Patient',
    id: second.id,
    method: 'GET',
  });
  assert.equal(everything.entry.length, 6);
  const target = await client.resolve({ reference: `Patient/${second.id}` });
  assert.equal(target.id, second.id);
});
await step('delete', async () => {
  await client.delete({ resourceType: 'Patient', id });
  await refused(() => client.read({ resourceType: 'Patient', id }), /deleted/);
});
await step('refusals', async () => {
  await refused(() => client.read({ resourceType: 'Patient', id: 'nobody' }), /OperationOutcome/);
  await refused(() => client.search({ resourceType: 'Patient', searchParams: { frob: '1' } }), /frob/);
  const stranger = new Client({ baseUrl: base, bearerToken: 'wrong' });
  await refused(() => stranger.read({ resourceType: 'Patient', id: second.id }), /login|token/);
});
