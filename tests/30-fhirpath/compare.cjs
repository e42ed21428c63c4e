// The npm package fhirpath and ours on the same expressions over the same resources: HL7's examples
// (tests/vectors) and a sample of the shared bundles, where they are. Every expression whose answers
// differ somewhere must stand in the table of docs/fhirpath.md, and the other way round.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const { spawnSync } = require('node:child_process');

const [source, shared, answers, flag] = process.argv.slice(2);
const modules = path.join(source, 'tools/npm/node_modules');
const fhirpath = require(path.join(modules, 'fhirpath'));
const model = require(path.join(modules, 'fhirpath/fhir-context/r4'));
const EACH_TYPE = 60;
const NOW = 1700000000000;

const suite = JSON.parse(fs.readFileSync(path.join(source, 'tests/vectors/fhirpath_suite.json')));

// The list of this folder, then HL7's tests, each on resources of the type it is written for.
function expressions() {
    const lines = fs.readFileSync(path.join(__dirname, 'expressions.txt'), 'utf8').split('\n')
        .filter((l) => l && l[0] !== '#');
    for (const t of suite.tests) {
        const input = suite.inputs[t.inputfile || 'patient-example.xml'];
        if (!/[\n\t]/.test(t.expression)) lines.push(`${input.resourceType}\t${t.expression}`);
    }
    return [...new Set(lines)].map((l) => ({ type: l.slice(0, l.indexOf('\t')),
        text: l.slice(l.indexOf('\t') + 1) }));
}

function fixtures() {
    return Object.values(suite.inputs).map((r) => JSON.stringify(r));
}

// The first few of each type of every bundle, so that all bundles have their say.
function sample() {
    const folder = path.join(shared, 'data/fhir');
    const count = {};
    const out = [];
    if (!fs.existsSync(folder)) {
        console.log('NOTE: no shared bundles; HL7\'s examples only');
        return out;
    }
    for (const file of fs.readdirSync(folder).filter((f) => f.endsWith('.ndjson.gz')).sort()) {
        const lines = zlib.gunzipSync(fs.readFileSync(path.join(folder, file))).toString().split('\n');
        for (const line of lines.filter((l, i) => l && i % 6 === 0)) {
            const here = {};
            for (const { resource } of JSON.parse(line).entry) {
                const type = resource.resourceType;
                here[type] = (here[type] || 0) + 1;
                count[type] = (count[type] || 0) + 1;
                if (count[type] <= EACH_TYPE && here[type] <= 4) out.push(JSON.stringify(resource));
            }
        }
    }
    return out;
}

// Decimals by value and to 12 digits, times with a zone by their instant: notation is no difference.
function normal(v) {
    if (typeof v === 'number' || (typeof v === 'string' && /^-?\d+(\.\d+)?$/.test(v)))
        return Number(Number(v).toPrecision(12));
    if (typeof v === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(v))
        return Date.parse(v);
    if (typeof v === 'string')
        return v.replace(/^(-?[\d.]+) '/, (all, n) => `${Number(n)} '`)
            .replace(/^(-?[\d.]+ )([a-z]+)$/, "$1'$2'");
    if (Array.isArray(v)) return v.map(normal);
    if (v && typeof v === 'object')
        return Object.fromEntries(Object.keys(v).filter((k) => k !== '__path__').sort()
            .map((k) => [k, normal(v[k])]));
    return v;
}

function theirs(compiled, resource) {
    try {
        const got = compiled(resource, { resource, rootResource: resource });
        if (got instanceof Promise) return '!';
        return JSON.stringify(normal(JSON.parse(JSON.stringify(got.map(
            (v) => (v && typeof v.toString === 'function' && typeof v === 'object' &&
                    v.constructor !== Object && !Array.isArray(v) ? v.toString() : v))))));
    } catch (e) {
        return '!';
    }
}

function compile(text) {
    try {
        return fhirpath.compile(text, model, { traceFn: () => {} });
    } catch (e) {
        return () => { throw e; };
    }
}

function compare() {
    const list = expressions();
    const resources = fixtures().concat(sample());
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'weft-fhirpath-'));
    const file = path.join(folder, 'expressions');
    fs.writeFileSync(file, list.map((e) => `${e.type}\t${e.text}\n`).join(''));
    const child = spawnSync(answers, [file],
        { input: resources.join('\n') + '\n', maxBuffer: 1 << 30 });
    fs.rmSync(folder, { recursive: true });
    if (child.status !== 0) throw new Error(`answers: ${child.status} ${child.stderr}`);
    const lines = child.stdout.toString().split('\n');
    const compiled = list.map((e) => compile(e.text));
    const found = new Map();
    let at = 0, n = 0;
    for (const text of resources) {
        const resource = JSON.parse(text);
        if (lines[at] === 'X') { // one of HL7's examples is not whole
            at++;
            continue;
        }
        list.forEach((e, i) => {
            if (e.type !== '*' && e.type !== resource.resourceType) return;
            const tab = lines[at].indexOf('\t');
            if (Number(lines[at].slice(0, tab)) !== i) throw new Error('out of step');
            const own = lines[at].slice(tab + 1);
            at++;
            n++;
            const ours = own === '!' ? '!' : JSON.stringify(normal(JSON.parse(own)));
            const other = theirs(compiled[i], resource);
            if (ours !== other && !found.has(e.text)) found.set(e.text, { ours, other });
        });
    }
    return { found, n, resources: resources.length };
}

function table() {
    const rows = fs.readFileSync(path.join(source, 'docs/fhirpath.md'), 'utf8').split('\n')
        .filter((l) => l.startsWith('| `'));
    return new Set(rows.map((l) => l.match(/^\| `+ ?(.*?) ?`+ \|/)[1].replaceAll('\\|', '|')));
}

Date.now = () => NOW;
console.warn = () => {};
const whole = fs.existsSync(path.join(shared, 'data/fhir'));
const { found, n, resources } = compare();
if (flag === '--table') {
    for (const [text, d] of found) console.log(`${text}\n    ours ${d.ours.slice(0, 200)}\n    theirs ${d.other.slice(0, 200)}`);
    console.log(`${n} answers over ${resources} resources; ${found.size} expressions differ`);
    process.exit(0);
}
const named = table();
let bad = 0;
for (const [text, d] of found) {
    if (named.has(text)) continue;
    console.log(`not in docs/fhirpath.md: ${text}\n    ours ${d.ours}\n    theirs ${d.other}`);
    bad++;
}
for (const text of named) {
    if (found.has(text) || !whole) continue;
    console.log(`in docs/fhirpath.md, but no difference: ${text}`);
    bad++;
}
console.log(`${n} answers over ${resources} resources; ${found.size} expressions differ, all named: ${bad === 0}`);
process.exit(bad === 0 && n > 1000 ? 0 : 1);
