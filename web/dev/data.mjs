// Invented people for the development server, made from one seed. Not used by any test.
const DAY = 86_400_000;
let seed = 2026;
export function rnd() {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 4294967296;
}
const gauss = () => rnd() + rnd() + rnd() - 1.5;
const pick = (list) => list[Math.floor(rnd() * list.length)];

const PEOPLE = [
  [
    "Maria",
    "Rivera",
    "female",
    "1951-03-14",
    "es",
    "Heart failure",
    "heart-failure",
    "asap",
    "weight",
  ],
  ["Tom", "Okafor", "male", "1944-11-02", "en", "COPD", "vital-signs", "stat", "spo2"],
  ["Ana", "Silva", "female", "1962-07-21", "en", "Hypertension", "vital-signs", "asap", "bp"],
  [
    "Yusuf",
    "Haddad",
    "male",
    "1957-01-30",
    "ar",
    "Heart failure",
    "heart-failure",
    "urgent",
    "weight",
  ],
  [
    "Lee",
    "Chen",
    "male",
    "1970-05-09",
    "en",
    "Type 2 diabetes",
    "vital-signs",
    "urgent",
    "glucose",
  ],
  [
    "Ingrid",
    "Larsen",
    "female",
    "1948-09-17",
    "en",
    "Heart failure",
    "heart-failure",
    "routine",
    "hr",
  ],
  ["Priya", "Nair", "female", "1966-12-05", "en", "Hypertension", "vital-signs", "urgent", "bp"],
  [
    "Jorge",
    "Méndez",
    "male",
    "1959-04-26",
    "es",
    "Heart failure",
    "heart-failure",
    "asap",
    "weight",
  ],
  [
    "Leila",
    "Mansour",
    "female",
    "1975-08-11",
    "ar",
    "Type 2 diabetes",
    "vital-signs",
    "routine",
    "glucose",
  ],
  [
    "Walter",
    "Novak",
    "male",
    "1939-02-19",
    "en",
    "Heart failure",
    "heart-failure",
    "stat",
    "weight",
  ],
  ["Grace", "Mbeki", "female", "1953-10-28", "en", "Hypertension", null, null, null],
  ["Samuel", "Ortiz", "male", "1961-06-03", "es", "Heart failure", null, null, null],
];
const WHY = {
  weight: "Weight up 2.6 kg in 3 days (89.4 to 92.0 kg), more than the 2 kg limit.",
  spo2: "Oxygen saturation fell to 82 %, below the hard limit of 85 %.",
  bp: "Blood pressure 182/104 mmHg twice today, above the limit of 180/100.",
  glucose: "Glucose 286 mg/dL this morning, above the limit of 250 mg/dL.",
  hr: "Heart rate 54 /min at rest, lower than usual (62–74) for two days.",
};
const CODES = {
  weight: ["29463-7", "Body weight", "kg"],
  bp: ["85354-9", "Blood pressure", "mmHg"],
  hr: ["8867-4", "Heart rate", "/min"],
  spo2: ["59408-5", "Oxygen saturation", "%"],
  glucose: ["41653-7", "Glucose", "mg/dL"],
};
const BASE = { weight: 89, bp: 138, hr: 70, spo2: 95, glucose: 142 };
const SWING = { weight: 0.7, bp: 8, hr: 5, spo2: 1, glucose: 22 };
const PLANT = { weight: 2.6, bp: 42, hr: -14, spo2: -12, glucose: 140 };
const MEDS = [
  ["Furosemide 40 mg tablet", "1 tablet each morning"],
  ["Bisoprolol 5 mg tablet", "1 tablet each morning"],
  ["Ramipril 5 mg capsule", "1 capsule each evening"],
  ["Metformin 500 mg tablet", "1 tablet with breakfast and dinner"],
  ["Atorvastatin 20 mg tablet", "1 tablet each evening"],
];

const concept = (system, code, text) => ({ coding: [{ system, code, display: text }], text });
const iso = (t) => new Date(t).toISOString();

function reading(db, id, pid, metric, t, shift) {
  const [code, text, unit] = CODES[metric];
  const digits = metric === "weight" ? 1 : 0;
  const v = Number(
    (
      BASE[metric] +
      (pid % 7) * (metric === "weight" ? 1.5 : 0.5) +
      gauss() * SWING[metric] +
      shift
    ).toFixed(digits),
  );
  const o = {
    resourceType: "Observation",
    id: `o${id}`,
    status: "final",
    code: concept("http://loinc.org", code, text),
    subject: { reference: `Patient/p${pid}` },
    effectiveDateTime: iso(t),
  };
  if (metric === "bp")
    o.component = [
      {
        code: concept("http://loinc.org", "8480-6", "Systolic"),
        valueQuantity: { value: v, unit },
      },
      {
        code: concept("http://loinc.org", "8462-4", "Diastolic"),
        valueQuantity: { value: Math.round(v * 0.58 + gauss() * 3), unit },
      },
    ];
  else o.valueQuantity = { value: metric === "spo2" ? Math.min(99, v) : v, unit };
  db.Observation.push(o);
  return o;
}

function readings(db, pid, planted, now) {
  const metrics = ["weight", "bp", "hr", "spo2"];
  if (planted === "glucose" || pid % 4 === 0) metrics.push("glucose");
  let newest;
  for (const m of metrics)
    for (let d = 60; d >= 0; d--) {
      if (rnd() < 0.08 || (pid === 3 && d > 18 && d < 24)) continue;
      const part = d < 3 && m === planted ? (3 - d) / 3 : 0;
      const t = now - d * DAY - Math.floor(rnd() * 40) * 60_000 - 20 * 60_000;
      const o = reading(db, db.Observation.length, pid, m, t, part * (PLANT[m] ?? 0));
      if (m === planted) newest = o;
    }
  return newest;
}

function person(db, i, now) {
  const [given, family, gender, birthDate, language, condition, programme, priority, metric] =
    PEOPLE[i];
  const id = `p${i}`;
  const ref = { reference: `Patient/${id}`, display: `${given} ${family}` };
  db.Patient.push({
    resourceType: "Patient",
    id,
    name: [{ use: "official", given: [given], family }],
    gender,
    birthDate,
    telecom: [
      { system: "phone", value: `+1 555 01${String(10 + i)}`, use: "mobile", rank: 1 },
      { system: "email", value: `${given.toLowerCase()}@example.org`, rank: 2 },
    ],
    address: [{ city: pick(["Springfield", "Lakeview", "Elm Grove"]) }],
    communication: [
      { language: { coding: [{ system: "urn:ietf:bcp:47", code: language }] }, preferred: true },
    ],
  });
  for (const [n, c] of [
    condition,
    pick(["Atrial fibrillation", "Chronic kidney disease, stage 3", "Osteoarthritis of knee"]),
  ].entries())
    db.Condition.push({
      resourceType: "Condition",
      id: `c${i}-${n}`,
      subject: ref,
      clinicalStatus: { coding: [{ code: "active" }] },
      code: { text: c },
      onsetDateTime: iso(now - (400 + i * 90 + n * 500) * DAY),
    });
  for (let m = 0; m < 3; m++) {
    const [text, dose] = MEDS[(i + m) % MEDS.length];
    db.MedicationRequest.push({
      resourceType: "MedicationRequest",
      id: `m${i}-${m}`,
      status: "active",
      subject: ref,
      medicationCodeableConcept: { text },
      authoredOn: iso(now - (30 + m * 60) * DAY),
      dosageInstruction: [{ text: dose }],
    });
  }
  db.Encounter.push({
    resourceType: "Encounter",
    id: `e${i}`,
    status: "finished",
    subject: ref,
    type: [{ text: pick(["Cardiology follow-up", "Primary care visit", "Diabetes review"]) }],
    period: { start: iso(now - (12 + i) * DAY) },
  });
  db.Consent.push(
    {
      resourceType: "Consent",
      id: `k${i}`,
      status: "active",
      patient: ref,
      dateTime: iso(now - 240 * DAY),
      category: [{ text: "Messages about your care by text" }],
      provision: { type: "permit" },
    },
    {
      resourceType: "Consent",
      id: `k${i}b`,
      status: "active",
      patient: ref,
      dateTime: iso(now - 240 * DAY),
      category: [{ text: "Offers and surveys" }],
      provision: { type: "deny" },
    },
  );
  const newest = readings(db, i, metric, now);
  if (programme)
    addCase(db, i, ref, {
      programme,
      priority,
      metric,
      at: now - (11 + i * i * 17) * 60_000,
      newest,
    });
}

export function addCase(db, i, ref, c) {
  const evidence = db.Observation.filter((o) => o.subject.reference === ref.reference).slice(-3);
  const task = {
    resourceType: "Task",
    id: `t${db.Task.length + 1}`,
    meta: { versionId: "1" },
    status: "requested",
    intent: "order",
    priority: c.priority,
    code: concept("https://weft.health/fhir/task-code", "case", "Case"),
    description: WHY[c.metric],
    for: ref,
    focus: { reference: `Observation/${c.newest?.id}` },
    authoredOn: iso(c.at),
    lastModified: iso(c.at),
    groupIdentifier: { value: c.programme },
    reasonCode: { text: `HF-${100 + i}` },
    input: [
      ...evidence.map((o) => ({
        type: { text: "evidence" },
        valueReference: { reference: `Observation/${o.id}` },
      })),
    ],
  };
  if (i === 2)
    Object.assign(task, {
      status: "in-progress",
      owner: { reference: "Practitioner/n2", display: "Omar Aziz" },
    });
  db.Task.push(task);
  return task;
}

function messages(db, now) {
  const said = [
    [
      "p0",
      "out",
      "Hola María. Su peso subió un poco. ¿Cómo se siente hoy? Responda aquí. Clínica Norte. STOP para salir.",
      2 * DAY + 3_600_000,
    ],
    ["p0", "in", "Un poco cansada y los pies hinchados.", 2 * DAY],
    [
      "p0",
      "out",
      "Gracias, María. La enfermera Ana la llama hoy antes de las 4 pm.",
      DAY + 7_200_000,
    ],
    [
      "p1",
      "out",
      "Tom, please rest and take a new oxygen reading now. Reply with the number.",
      DAY,
    ],
  ];
  for (const [n, [pid, dir, text, ago]] of said.entries()) {
    const patient = { reference: `Patient/${pid}` };
    const nurse = { reference: "Practitioner/n1", display: "Ana Brandt" };
    db.Communication.push({
      resourceType: "Communication",
      id: `x${n}`,
      status: "completed",
      subject: patient,
      sender: dir === "in" ? patient : nurse,
      recipient: [dir === "in" ? nurse : patient],
      sent: iso(now - ago),
      medium: [{ coding: [{ code: "SMSWRIT" }], text: "sms" }],
      payload: [{ contentString: text }],
    });
  }
}

function audits(db, now) {
  const who = [
    ["Practitioner/n1", "Ana Brandt (nurse)", "TREAT"],
    ["Practitioner/n2", "Omar Aziz (nurse)", "TREAT"],
    ["Device/monitor", "The monitor", "HOPERAT"],
    ["Patient/p0", "Maria Rivera", "PATRQT"],
  ];
  const what = ["Observation", "Patient", "Communication", "MedicationRequest", "Condition"];
  for (let i = 0; i < 60; i++) {
    const [ref, display, purpose] = who[i % 9 === 0 ? 3 : i % 3];
    db.AuditEvent.push({
      resourceType: "AuditEvent",
      id: `a${i}`,
      recorded: iso(now - i * 5 * 3_600_000 - 600_000),
      action: i % 7 === 0 ? "C" : "R",
      outcome: i === 8 ? "4" : "0",
      purposeOfEvent: [{ coding: [{ code: purpose }] }],
      agent: [{ who: { reference: ref, display }, requestor: true }],
      entity: [{ what: { reference: `${what[i % what.length]}/1` } }],
      patient: "p0",
    });
  }
}

export function makeData(now) {
  const types = [
    "Patient",
    "Observation",
    "Task",
    "Condition",
    "MedicationRequest",
    "Encounter",
    "Communication",
    "Consent",
    "AuditEvent",
    "CarePlan",
    "Appointment",
  ];
  const db = Object.fromEntries(types.map((t) => [t, []]));
  for (let i = 0; i < PEOPLE.length; i++) person(db, i, now);
  messages(db, now);
  audits(db, now);
  return db;
}
export const TEMPLATES = [
  {
    code: "check-in",
    purpose: "care",
    channel: "sms",
    title: "How do you feel?",
    text: {
      en: "Hello. Your numbers changed a bit. How do you feel today? Reply here.",
      es: "Hola. Sus números cambiaron un poco. ¿Cómo se siente hoy? Responda aquí.",
      ar: "مرحبًا. تغيّرت أرقامك قليلًا. كيف تشعر اليوم؟ أجب هنا.",
    },
  },
  {
    code: "weigh-again",
    purpose: "care",
    channel: "sms",
    title: "Please weigh again",
    text: {
      en: "Please weigh yourself again now and stay seated for a while.",
      es: "Por favor, pésese otra vez ahora y descanse sentado.",
      ar: "نرجو أن تزن نفسك مرة أخرى الآن وأن ترتاح جالسًا.",
    },
  },
  {
    code: "call-today",
    purpose: "care",
    channel: "email",
    title: "We will call today",
    text: {
      en: "A nurse will call you today before 4 pm.",
      es: "Una enfermera le llamará hoy antes de las 4 pm.",
      ar: "ستتصل بك ممرضة اليوم قبل الرابعة مساءً.",
    },
  },
];
