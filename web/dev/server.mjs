// A development server in memory: serves dist/ with the real Content-Security-Policy and answers the
// few calls the apps make, from invented data. For looking at screens while the real server is not at
// hand. Never a test: the walks in tests/50-browser run against the real binary only.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { addCase, makeData, TEMPLATES } from "./data.mjs";

const PORT = Number(process.env.PORT ?? 8099);
const DIST = join(import.meta.dirname, "..", "dist");
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const db = makeData(Date.now());
const outbox = [];
const streams = new Set();
const USERS = {
  ana: {
    user: "ana",
    name: "Ana Brandt",
    role: "nurse",
    language: "en",
    reference: "Practitioner/n1",
    patient: "",
  },
  maria: {
    user: "maria",
    name: "Maria Rivera",
    role: "patient",
    language: "en",
    reference: "Patient/p0",
    patient: "p0",
  },
};
let tick = 100;

function tell(r, patient) {
  tick++;
  const data = JSON.stringify({ type: r.resourceType, id: r.id, vid: "1", patient });
  for (const s of streams) s.write(`id: ${tick}\nevent: change\ndata: ${data}\n\n`);
}
const json = (res, status, body) => {
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify(body));
};
const outcome = (res, status, issues) =>
  json(res, status, { resourceType: "OperationOutcome", issue: issues });
const patientOf = (r) =>
  r.resourceType === "Patient"
    ? r.id
    : ((r.for ?? r.subject ?? r.patient)?.reference?.slice(8) ?? r.patient);

async function bodyOf(req) {
  let s = "";
  for await (const c of req) s += c;
  return s ? JSON.parse(s) : {};
}

function search(type, q) {
  let list = db[type] ?? [];
  const patient = q.get("patient");
  if (patient) list = list.filter((r) => patientOf(r) === patient);
  const code = q.get("code")?.split("|").pop();
  if (code) list = list.filter((r) => r.code?.coding?.some((c) => c.code === code));
  const status = q.get("status")?.split(",");
  if (status) list = list.filter((r) => status.includes(r.status));
  const name = q.get("name")?.toLowerCase();
  if (name) list = list.filter((r) => JSON.stringify(r.name).toLowerCase().includes(name));
  if (q.get("_sort") === "-date") list = [...list].reverse();
  return {
    resourceType: "Bundle",
    type: "searchset",
    entry: list.slice(0, Number(q.get("_count") ?? 100)).map((resource) => ({ resource })),
  };
}

function check(d) {
  const person = db.Patient.find((p) => p.id === d.patient);
  const channel = d.channel || "sms";
  const language = d.language || person.communication[0].language.coding[0].code;
  const fired = ["MSG-004", "TCPA-011"];
  const why = [
    "She agreed to texts about her care on 26 March 2026.",
    "It is 10:05 am where she is, inside the hours for contact.",
  ];
  const verdict = {
    decision: "allow",
    fired,
    obligations: ["identify-sender", "offer-opt-out"],
    why,
    missing: [],
  };
  if (/depress|hiv|cancer/i.test(d.text)) {
    verdict.decision = "deny";
    verdict.fired = ["MSG-021", "PRIV-007"];
    verdict.why = [
      "The text names a health condition, and a plain text message may not.",
      "Her consent covers care reminders only.",
    ];
  } else if (/tomorrow/i.test(d.text)) {
    verdict.decision = "hold_until";
    const until = new Date(Date.now() + 86_400_000);
    until.setHours(9, 0, 0, 0);
    verdict.hold = { kinds: ["quiet-hours"], until: until.toISOString() };
    verdict.why = ["It is quiet time for her until 9 am."];
    verdict.fired = ["TCPA-012"];
  }
  const text = channel === "sms" ? `${d.text} North Clinic. Reply STOP to stop.` : d.text;
  const ucs = /[^\n -~¡-ÿ]/.test(text);
  return {
    verdict,
    channel,
    to: channel === "sms" ? "+1 ••• ••10" : "m•••@example.org",
    language,
    text,
    subject: d.subject,
    encoding: ucs ? "UCS-2" : "GSM-7",
    segments: Math.ceil(text.length / (ucs ? 67 : 153)),
    characters: text.length,
    grade: language === "en" ? Math.min(14, 2 + d.text.length / 40) : null,
    sendAt: new Date(Date.now() + 10_000).toISOString(),
  };
}

function send(res, d, me) {
  const c = check(d);
  if (c.verdict.decision === "deny")
    return outcome(
      res,
      422,
      c.verdict.why.map((w, i) => ({
        severity: "error",
        code: "business-rule",
        diagnostics: w,
        details: { text: c.verdict.fired[i] },
      })),
    );
  const m = {
    resourceType: "Communication",
    id: `x${db.Communication.length}`,
    status: "preparation",
    subject: { reference: `Patient/${d.patient}` },
    sender: { reference: me.reference, display: me.name },
    sent: new Date().toISOString(),
    medium: [{ text: c.channel }],
    payload: [{ contentString: c.text }],
  };
  db.Communication.push(m);
  tell(m, d.patient);
  setTimeout(() => {
    if (m.status !== "preparation") return;
    m.status = "completed";
    const p = db.Patient.find((x) => x.id === d.patient);
    outbox.unshift({
      id: m.id,
      channel: c.channel,
      to: p.telecom[c.channel === "sms" ? 0 : 1].value,
      from: c.channel === "sms" ? "North Clinic" : "care@north.example",
      subject: c.subject || "A note from North Clinic",
      text: c.text,
      direction: "out",
      time: new Date().toISOString(),
      status: "delivered",
    });
    tell(m, d.patient);
  }, 10_000);
  json(res, 201, m);
}

function act(res, task, what, body, me) {
  if (task.owner && task.owner.reference !== me.reference)
    return outcome(res, 409, [
      { severity: "error", code: "conflict", diagnostics: `${task.owner.display} has this case.` },
    ]);
  if (what === "claim")
    Object.assign(task, {
      status: "in-progress",
      owner: { reference: me.reference, display: me.name },
    });
  if (what === "release") {
    task.status = "requested";
    delete task.owner;
  }
  if (what === "snooze")
    Object.assign(task, { status: "on-hold", restriction: { period: { end: body.until } } });
  if (what === "resolve")
    Object.assign(task, {
      status: "completed",
      output: [{ type: { text: "outcome" }, valueString: body.outcome }],
      note: [{ text: body.note }],
    });
  tell(task, patientOf(task));
  json(res, 200, task);
}

function reply(res, body) {
  const kind = body.channel === "sms" ? 0 : 1;
  const p = db.Patient.find((x) => x.telecom[kind].value === body.from);
  outbox.unshift({
    id: `r${outbox.length}`,
    channel: body.channel,
    to: "North Clinic",
    from: body.from,
    text: body.text,
    direction: "in",
    time: new Date().toISOString(),
    status: "received",
  });
  const m = {
    resourceType: "Communication",
    id: `x${db.Communication.length}`,
    status: "completed",
    subject: { reference: `Patient/${p.id}` },
    sender: { reference: `Patient/${p.id}` },
    received: new Date().toISOString(),
    medium: [{ text: body.channel }],
    payload: [{ contentString: body.text }],
  };
  db.Communication.push(m);
  tell(m, p.id);
  json(res, 201, m);
}

async function fhir(req, res, url, me) {
  const [, , type, a, b] = url.pathname.split("/");
  const body = req.method === "POST" ? await bodyOf(req) : {};
  if (a === "$check") return json(res, 200, check(body));
  if (a === "$send") return send(res, body, me);
  const found = db[type]?.find((r) => r.id === a);
  if (b === "$limits")
    return json(res, 200, [
      {
        metric: "systolic",
        loinc: "8480-6",
        unit: "mmHg",
        low: 90,
        high: 180,
        rule: "BP-001",
        source: "default",
      },
      {
        metric: "diastolic",
        loinc: "8462-4",
        unit: "mmHg",
        low: 50,
        high: 100,
        rule: "BP-002",
        source: "default",
      },
      {
        metric: "oxygen-saturation",
        loinc: "59408-5",
        unit: "%",
        low: 85,
        high: null,
        rule: "SPO2-001",
        source: "default",
      },
      {
        metric: "heart-rate",
        loinc: "8867-4",
        unit: "/min",
        low: 50,
        high: 120,
        rule: "HR-001",
        source: "CarePlan/1",
      },
      {
        metric: "glucose",
        loinc: "41653-7",
        unit: "mg/dL",
        low: 70,
        high: 250,
        rule: "GLU-001",
        source: "default",
      },
    ]);
  if (b === "$undo") {
    found.status = "not-done";
    tell(found, patientOf(found));
    return json(res, 200, found);
  }
  if (b?.startsWith("$")) return act(res, found, b.slice(1), body, me);
  if (req.method === "POST") {
    db[type].push({ ...body, id: `n${db[type].length}` });
    tell(db[type].at(-1), patientOf(body));
    return json(res, 201, db[type].at(-1));
  }
  if (a)
    return found
      ? json(res, 200, found)
      : outcome(res, 404, [
          { severity: "error", code: "not-found", diagnostics: "There is no such resource." },
        ]);
  return json(res, 200, search(type, url.searchParams));
}

async function statics(res, pathname) {
  const app = pathname.startsWith("/portal") ? "portal" : "console";
  const file = extname(pathname) ? pathname : `/${app}/index.html`;
  try {
    const data = await readFile(join(DIST, file));
    res.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-security-policy": CSP,
    });
    res.end(data);
  } catch {
    res.writeHead(404).end();
  }
}

createServer(async (req, res) => {
  const url = new URL(req.url, "http://localhost");
  const me = USERS[/weft=([^;]+)/.exec(req.headers.cookie ?? "")?.[1]];
  if (url.pathname === "/auth/sign-in") {
    const { user, password } = await bodyOf(req);
    const u = USERS[user];
    if (u && password === "weft-demo")
      res.setHeader("set-cookie", `weft=${user}; Path=/; HttpOnly`);
    return u && password === "weft-demo"
      ? json(res, 200, { ...u, csrf: user, expires: new Date(Date.now() + 3.6e6) })
      : outcome(res, 401, [{ severity: "error", code: "login" }]);
  }
  const api = ["/fhir", "/events", "/demo", "/auth", "/templates"].some((p) =>
    url.pathname.startsWith(p),
  );
  if (!api) return statics(res, url.pathname);
  if (!me) return outcome(res, 401, [{ severity: "error", code: "login" }]);
  if (url.pathname === "/fhir/Communication/$templates")
    return json(
      res,
      200,
      TEMPLATES.map((t) => ({
        ...t,
        language: url.searchParams.get("language"),
        text: t.text[url.searchParams.get("language")] ?? t.text.en,
        subject: t.channel === "email" ? t.title : "",
      })),
    );
  if (url.pathname === "/auth/sign-out") return json(res, 200, {});
  if (url.pathname === "/events") {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(": hello\n\n");
    streams.add(res);
    const timer = setInterval(() => res.write(": still here\n\n"), 15_000);
    return req.on("close", () => {
      streams.delete(res);
      clearInterval(timer);
    });
  }
  if (url.pathname === "/demo/outbox" && req.method === "GET") return json(res, 200, outbox);
  if (url.pathname === "/demo/outbox/reply") return reply(res, await bodyOf(req));
  if (url.pathname === "/demo/case") {
    const { patient = "p10", priority = "stat", metric = "spo2" } = await bodyOf(req);
    const p = db.Patient.find((x) => x.id === patient);
    const ref = {
      reference: `Patient/${patient}`,
      display: `${p.name[0].given[0]} ${p.name[0].family}`,
    };
    const newest = db.Observation.findLast((o) => patientOf(o) === patient);
    const t = addCase(db, 10, ref, {
      programme: "vital-signs",
      priority,
      metric,
      at: Date.now(),
      newest,
    });
    tell(t, patient);
    return json(res, 201, t);
  }
  return fhir(req, res, url, me);
}).listen(PORT, "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${PORT}/console/ (ana) and /portal/ (maria), password weft-demo`),
);
