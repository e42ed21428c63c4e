// SMART's fhirclient as published, in a real browser (Debian's Chromium by Playwright), on a page of another
// origin: standalone launch of a patient and EHR launch of a nurse, each through the server's own pages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const web = createRequire(process.env.WEFT_WEB + '/package.json');
const { chromium } = web('playwright-core');
const AxeBuilder = web('@axe-core/playwright').default;
const root = process.env.WEFT_BASE.replace(/\/fhir$/, '');
const people = JSON.parse(process.env.WEFT_PEOPLE);
const library = readFileSync(require.resolve('fhirclient/build/fhir-client.min.js'));
const SCOPES = 'openid fhirUser offline_access patient/Patient.rs patient/Observation.rs';

const apps = {};
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://x').pathname;
  const [kind, page] = path.slice(1).split('/');
  if (path === '/fhir-client.js') {
    response.setHeader('Content-Type', 'text/javascript');
    return response.end(library);
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  const app = apps[kind];
  const ask = JSON.stringify({
    client_id: app?.id,
    scope: app?.scope,
    redirect_uri: `/${kind}/ready`,
    pkceMode: 'required',
    ...(kind === 'alone' ? { iss: process.env.WEFT_BASE } : {}),
  });
  const run =
    page === 'launch'
      ? `FHIR.oauth2.authorize(${ask}).catch(e => document.title = 'failed: ' + e.message)`
      : `FHIR.oauth2.ready().then(async client => {
           const patient = await client.patient.read();
           const found = await client.patient.request('Observation?_count=50', { flat: true, pageLimit: 0 });
           const other = await client.request('Patient/' + ${JSON.stringify(people.other)}).then(() => 'read', e => 'refused');
           const before = client.state.tokenResponse.access_token;
           if (client.state.tokenResponse.refresh_token) await client.refresh();
           window.result = { patient: patient.id, n: found.length, other, user: client.user.fhirUser,
             encounter: client.encounter.id, refreshed: client.state.tokenResponse.access_token !== before,
             again: (await client.patient.read()).id };
           document.title = 'done';
         }).catch(e => document.title = 'failed: ' + e.message)`;
  response.end(`<!doctype html><title>waits</title><script src="/fhir-client.js"></script><script>${run}</script>`);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${server.address().port}`;

async function call(path, body, token) {
  const answer = await fetch(root + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path} ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

async function register(kind, scope) {
  const made = await call('/oauth/register', {
    client_name: `Heart ${kind}`,
    redirect_uris: [`${origin}/${kind}/ready`],
    launch_url: `${origin}/${kind}/launch`,
    token_endpoint_auth_method: 'none',
    scope,
  });
  apps[kind] = { id: made.client_id, scope };
  await call(`/auth/apps/${made.client_id}`, { status: 'approved' }, process.env.WEFT_ADMIN);
}

async function clean(page, what) {
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  assert.deepEqual(found.violations.map((v) => v.id), [], what);
}

async function signIn(page, user, password) {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password').fill(password);
  await clean(page, 'sign-in');
  await page.keyboard.press('Enter');
}

async function finish(page) {
  await page.waitForFunction(() => document.title !== 'waits', null, { timeout: 30000 });
  assert.equal(await page.title(), 'done');
  assert.ok(!page.url().includes('code='), 'the code stays in no address');
  return page.evaluate(() => window.result);
}

async function walk(name, run) {
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  page.on('console', (m) => m.type() === 'error' && console.log('browser:', m.text()));
  await run(page, context);
  await context.close();
  console.log('ok', name);
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  await register('alone', `launch/patient ${SCOPES}`);
  await register('ehr', `launch ${SCOPES} launch/encounter`);
  await walk('standalone launch of a patient', async (page) => {
    await page.goto(`${origin}/alone/launch`);
    await signIn(page, people.patient.user, people.patient.password);
    await page.getByRole('heading', { name: 'Let this app in?' }).waitFor();
    await clean(page, 'consent');
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    const r = await finish(page);
    assert.deepEqual([r.patient, r.again, r.n, r.other], [people.one, people.one, 3, 'refused']);
    assert.ok(r.refreshed);
    assert.match(r.user, /^Patient\//);
  });
  await walk('the patient says no', async (page) => {
    await page.goto(`${origin}/alone/launch`);
    await signIn(page, people.patient.user, people.patient.password);
    await page.getByRole('button', { name: 'Do not allow' }).click();
    await page.waitForFunction(() => document.title.startsWith('failed'));
  });
  await walk('standalone launch of a nurse, who picks the patient with the keyboard', async (page) => {
    await page.goto(`${origin}/alone/launch`);
    await signIn(page, people.nurse.user, people.nurse.password);
    await page.getByLabel('Name').fill('Probe');
    await page.keyboard.press('Enter');
    await page.locator(`input[value="${people.one}"]`).waitFor();
    await clean(page, 'patients');
    await page.locator(`input[value="${people.one}"]`).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    assert.equal((await finish(page)).patient, people.one);
  });
  await walk('EHR launch of a nurse with patient and visit', async (page) => {
    const session = await call('/auth/sign-in', people.nurse);
    const made = await call('/auth/launch', { app: apps.ehr.id, patient: people.one, encounter: people.visit }, session.token);
    await page.goto(made.url);
    await signIn(page, people.nurse.user, people.nurse.password);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    const r = await finish(page);
    assert.deepEqual([r.patient, r.encounter, r.other], [people.one, people.visit, 'refused']);
  });
  for (const [locale, words, dir] of [['es-MX', 'Iniciar sesión', 'ltr'], ['ar-EG', 'تسجيل الدخول', 'rtl']]) {
    const context = await browser.newContext({ locale, viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await page.goto(`${origin}/alone/launch`);
    await page.getByRole('heading', { name: words }).waitFor();
    assert.equal(await page.locator('html').getAttribute('dir'), dir);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), 'no sideways scroll');
    await clean(page, locale);
    await context.close();
    console.log('ok', locale);
  }
} finally {
  await browser.close();
  server.close();
}
