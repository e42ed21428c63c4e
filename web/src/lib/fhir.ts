// The parts of FHIR R4 that the two apps read. Only what is shown is named here; everything else in
// a resource passes through untouched. Optional means "the server may leave it out".

export interface Reference {
  reference?: string;
  display?: string;
}
export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}
export interface Concept {
  coding?: Coding[];
  text?: string;
}
export interface Period {
  start?: string;
  end?: string;
}
export interface Quantity {
  value?: number;
  unit?: string;
  code?: string;
}
export interface Identifier {
  system?: string;
  value?: string;
}
export interface Extension {
  url: string;
  valueString?: string;
  valueCode?: string;
  valueInteger?: number;
  valueTime?: string;
  valueInstant?: string;
  valueDateTime?: string;
  valueId?: string;
  valueBoolean?: boolean;
  valuePeriod?: Period;
  valueReference?: Reference;
  extension?: Extension[];
}
export interface Resource {
  resourceType: string;
  id?: string;
  meta?: { versionId?: string; lastUpdated?: string; tag?: Coding[] };
  extension?: Extension[];
}
export interface Bundle<T extends Resource = Resource> extends Resource {
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: { resource?: T; search?: { mode?: string } }[];
}
export interface Patient extends Resource {
  name?: { use?: string; text?: string; family?: string; given?: string[] }[];
  gender?: string;
  birthDate?: string;
  identifier?: Identifier[];
  telecom?: {
    system?: string;
    value?: string;
    use?: string;
    rank?: number;
    extension?: Extension[];
  }[];
  address?: { city?: string; state?: string; line?: string[]; postalCode?: string }[];
  communication?: { language: Concept; preferred?: boolean }[];
  generalPractitioner?: Reference[];
}
/** http://hl7.org/fhir/StructureDefinition/translation */
export interface Translation {
  url: string;
  extension?: { url: string; valueCode?: string; valueString?: string }[];
}
export interface Task extends Resource {
  status: string;
  priority?: string;
  description?: string;
  _description?: { extension?: Translation[] };
  code?: Concept;
  for?: Reference;
  focus?: Reference;
  owner?: Reference;
  authoredOn?: string;
  lastModified?: string;
  groupIdentifier?: Identifier;
  businessStatus?: Concept;
  statusReason?: Concept;
  reasonCode?: Concept;
  restriction?: { period?: Period };
  executionPeriod?: Period;
  input?: { type?: Concept; valueReference?: Reference; valueString?: string }[];
  output?: {
    type?: Concept;
    valueString?: string;
    valueCode?: string;
    valueCodeableConcept?: Concept;
  }[];
  note?: { text: string; time?: string }[];
}
export interface Observation extends Resource {
  status: string;
  code: Concept;
  effectiveDateTime?: string;
  effectiveInstant?: string;
  effectivePeriod?: Period;
  issued?: string;
  valueQuantity?: Quantity;
  valueSampledData?: {
    origin?: Quantity;
    period?: number;
    factor?: number;
    lowerLimit?: number;
    upperLimit?: number;
    data?: string;
  };
  valueDateTime?: string;
  component?: { code: Concept; valueQuantity?: Quantity }[];
  derivedFrom?: Reference[];
  note?: { text: string }[];
  /** ours, not FHIR's: ms that the device's clock was ahead when its gateway corrected the time */
  clockAhead?: number;
}
export interface Communication extends Resource {
  status: string;
  subject?: Reference;
  sender?: Reference;
  recipient?: Reference[];
  sent?: string;
  received?: string;
  medium?: Concept[];
  payload?: { contentString?: string }[];
  about?: Reference[];
  partOf?: Reference[];
  topic?: Concept;
  statusReason?: Concept;
  note?: { text: string }[];
}
export interface Condition extends Resource {
  code?: Concept;
  clinicalStatus?: Concept;
  onsetDateTime?: string;
  recordedDate?: string;
}
export interface MedicationRequest extends Resource {
  status: string;
  medicationCodeableConcept?: Concept;
  medicationReference?: Reference;
  authoredOn?: string;
  dosageInstruction?: { text?: string }[];
}
export interface Encounter extends Resource {
  status: string;
  class?: Coding;
  type?: Concept[];
  period?: Period;
  reasonCode?: Concept[];
}
export interface Appointment extends Resource {
  status: string;
  start?: string;
  description?: string;
}
export interface Consent extends Resource {
  status: string;
  scope?: Concept;
  category?: Concept[];
  dateTime?: string;
  provision?: { type?: string; period?: Period; purpose?: Coding[]; code?: Concept[] };
}
export const CONSENT_CATEGORY = "https://weft.health/fhir/consent-category";
export const isOfCategory = (c: Consent, code: string): boolean =>
  !!c.category?.some((k) =>
    k.coding?.some((x) => x.system === CONSENT_CATEGORY && x.code === code),
  );
export interface AuditEvent extends Resource {
  recorded: string;
  action?: string;
  outcome?: string;
  outcomeDesc?: string;
  subtype?: Coding[];
  purposeOfEvent?: Concept[];
  agent?: {
    who?: Reference;
    name?: string;
    role?: Concept[];
    requestor?: boolean;
    purposeOfUse?: Concept[];
  }[];
  entity?: { what?: Reference; name?: string; description?: string; type?: Coding }[];
}
export interface OutcomeIssue {
  severity: string;
  code: string;
  diagnostics?: string;
  details?: Concept;
  expression?: string[];
}
export interface OperationOutcome extends Resource {
  issue: OutcomeIssue[];
}
export interface Limit {
  metric: string;
  display?: string;
  /** The display by language. */
  translation?: Record<string, string>;
  loinc: string;
  unit: string;
  low?: number | null;
  high?: number | null;
  rule?: string;
  source?: string;
}

/** The words of a concept: its text, else the first coding's display, else its code. */
export function words(c: Concept | undefined): string {
  return c?.text ?? c?.coding?.[0]?.display ?? c?.coding?.[0]?.code ?? "";
}
/** "Patient/12" → "12"; also takes absolute and versioned references. */
export function idOf(ref: Reference | undefined): string {
  const parts = (ref?.reference ?? "").split("/_history/")[0]!.split("/");
  return parts[parts.length - 1] ?? "";
}
export function typeOf(ref: Reference | undefined): string {
  const parts = (ref?.reference ?? "").split("/_history/")[0]!.split("/");
  return parts.length > 1 ? (parts[parts.length - 2] ?? "") : "";
}
export function rows<T extends Resource>(b: Bundle<T> | undefined): T[] {
  const all = b?.entry ?? [];
  return all
    .filter((e) => e.resource && e.search?.mode !== "outcome" && e.search?.mode !== "include")
    .map((e) => e.resource!);
}
export function personName(p: Patient | undefined): string {
  const n = p?.name?.find((x) => x.use === "official") ?? p?.name?.[0];
  if (!n) return "";
  return n.text ?? [...(n.given ?? []), n.family ?? ""].join(" ").trim();
}
export function firstName(p: Patient | undefined): string {
  const usual = p?.name?.find((x) => x.use === "usual") ?? p?.name?.[0];
  return usual?.given?.[0] ?? personName(p).split(" ")[0] ?? "";
}
