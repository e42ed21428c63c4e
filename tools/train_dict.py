#!/usr/bin/env python3
"""Trains spec/store/fhir.dict: the zstd dictionary new stores compress documents with.

Documents are made here, from templates of our own with the field names, systems and codes of FHIR R4
(https://hl7.org/fhir/R4/) and seeded invented values; no data of anybody goes in. Needs the zstd program.
Run by hand when the shape of documents changes: tools/train_dict.py spec/store/fhir.dict
Old stores keep the dictionary they were made with."""
import json
import os
import random
import subprocess
import sys
import tempfile

SIZE = 32 * 1024
COUNT = 6000
LOINC, SCT, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
VITALS = [("8302-2", "Body Height", "cm"), ("29463-7", "Body Weight", "kg"), ("39156-5", "Body Mass Index", "kg/m2"),
          ("8867-4", "Heart rate", "/min"), ("9279-1", "Respiratory rate", "/min"), ("8310-5", "Body temperature", "Cel"),
          ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%"), ("2708-6", "Oxygen saturation", "%")]
LABS = [("2339-0", "Glucose", "mg/dL"), ("6299-2", "Urea Nitrogen", "mg/dL"), ("38483-4", "Creatinine", "mg/dL"),
        ("49765-1", "Calcium", "mg/dL"), ("2947-0", "Sodium", "mmol/L"), ("6298-4", "Potassium", "mmol/L"),
        ("2069-3", "Chloride", "mmol/L"), ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%"),
        ("2093-3", "Total Cholesterol", "mg/dL"), ("2571-8", "Triglycerides", "mg/dL"),
        ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL"), ("42637-9", "Natriuretic peptide B", "pg/mL")]
PROBLEMS = [("88805009", "Chronic congestive heart failure (disorder)"), ("59621000", "Essential hypertension"),
            ("44054006", "Diabetes mellitus type 2"), ("195967001", "Asthma"), ("13645005", "Chronic obstructive pulmonary disease"),
            ("10509002", "Acute bronchitis (disorder)"), ("444814009", "Viral sinusitis (disorder)")]
DRUGS = [("310798", "Hydrochlorothiazide 25 MG Oral Tablet"), ("314076", "lisinopril 10 MG Oral Tablet"),
         ("860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet"), ("313988", "Furosemide 40 MG Oral Tablet"),
         ("866412", "24 HR metoprolol succinate 100 MG Extended Release Oral Tablet")]
SYL = ["ka", "ro", "mi", "ta", "le", "no", "vi", "sa", "du", "pe", "zo", "li"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def id(self):
        return "".join(self.r.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(16))

    def ref(self, kind):
        return {"reference": f"{kind}/{self.id()}"}

    def word(self):
        return "".join(self.r.choice(SYL) for _ in range(self.r.randint(2, 4))).capitalize()

    def date(self):
        r = self.r
        return f"{r.randint(1950, 2026)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"

    def time(self, zone="+00:00"):
        r = self.r
        return f"{self.date()}T{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}{zone}"

    def concept(self, system, row):
        return {"coding": [{"system": system, "code": row[0], "display": row[1]}], "text": row[1]}

    def cat(self, system, code, display=None):
        c = {"system": HL7 + system, "code": code}
        if display:
            c["display"] = display
        return {"coding": [c]}

    def base(self, kind):
        t = self.time("Z")
        return {"resourceType": kind, "id": self.id(), "meta": {"versionId": "1", "lastUpdated": t[:-1] + f".{self.r.randint(0, 999):03}Z"}}

    def period(self):
        t = self.time()
        return {"start": t, "end": t}

    def quantity(self, unit):
        return {"value": round(self.r.uniform(1, 200), self.r.choice([0, 1, 2, 14])), "unit": unit, "system": UCUM, "code": unit}

    def observation(self):
        vital = self.r.random() < .5
        row = self.r.choice(VITALS if vital else LABS)
        kind = ("vital-signs", "Vital Signs") if vital else ("laboratory", "Laboratory")
        d = self.base("Observation")
        d.update({"status": "final", "category": [self.cat("observation-category", *kind)],
                  "code": self.concept(LOINC, row), "subject": self.ref("Patient"), "encounter": self.ref("Encounter"),
                  "effectiveDateTime": self.time(), "issued": self.time(".000+00:00")})
        if vital and self.r.random() < .3:
            d["code"] = self.concept(LOINC, ("85354-9", "Blood Pressure"))
            d["component"] = [{"code": self.concept(LOINC, ("8462-4", "Diastolic Blood Pressure")), "valueQuantity": self.quantity("mm[Hg]")},
                              {"code": self.concept(LOINC, ("8480-6", "Systolic Blood Pressure")), "valueQuantity": self.quantity("mm[Hg]")}]
        else:
            d["valueQuantity"] = self.quantity(row[2])
        if self.r.random() < .3:
            d["device"] = self.ref("Device")
            d["identifier"] = [{"system": "urn:weft:device-reading", "value": self.id()}]
        return d

    def patient(self):
        d = self.base("Patient")
        d.update({"text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + self.word() + "</div>"},
                  "extension": [{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": [
                      {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}},
                      {"url": "text", "valueString": "White"}]},
                      {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"}],
                  "identifier": [{"type": self.cat("v2-0203", "MR", "Medical Record Number"), "system": "urn:weft:mrn", "value": self.id()}],
                  "active": True, "name": [{"use": "official", "family": self.word(), "given": [self.word()], "prefix": ["Mr."]}],
                  "telecom": [{"system": "phone", "value": f"+1555{self.r.randint(1000000, 9999999)}", "use": "mobile", "rank": 1},
                              {"system": "email", "value": self.word().lower() + "@example.org", "use": "home"}],
                  "gender": self.r.choice(["male", "female"]), "birthDate": self.date(), "multipleBirthBoolean": False,
                  "address": [{"line": [f"{self.r.randint(1, 999)} {self.word()} Street"], "city": self.word(), "state": "MA", "postalCode": "01040", "country": "US"}],
                  "maritalStatus": self.cat("v3-MaritalStatus", "M", "Married"),
                  "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en-US", "display": "English"}]}, "preferred": True}],
                  "generalPractitioner": [self.ref("Practitioner")], "managingOrganization": self.ref("Organization")})
        return d

    def encounter(self):
        d = self.base("Encounter")
        d.update({"status": "finished", "class": {"system": HL7 + "v3-ActCode", "code": "AMB"},
                  "type": [self.concept(SCT, ("185345009", "Encounter for symptom"))], "subject": self.ref("Patient"),
                  "participant": [{"individual": self.ref("Practitioner")}], "period": self.period(),
                  "reasonCode": [self.concept(SCT, self.r.choice(PROBLEMS))], "serviceProvider": self.ref("Organization")})
        return d

    def condition(self):
        d = self.base("Condition")
        d.update({"clinicalStatus": self.cat("condition-clinical", "active"), "verificationStatus": self.cat("condition-ver-status", "confirmed"),
                  "category": [self.cat("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
                  "code": self.concept(SCT, self.r.choice(PROBLEMS)), "subject": self.ref("Patient"), "encounter": self.ref("Encounter"),
                  "onsetDateTime": self.time(), "recordedDate": self.time()})
        return d

    def medication(self):
        d = self.base("MedicationRequest")
        d.update({"status": "active", "intent": "order", "medicationCodeableConcept": self.concept("http://www.nlm.nih.gov/research/umls/rxnorm", self.r.choice(DRUGS)),
                  "subject": self.ref("Patient"), "encounter": self.ref("Encounter"), "authoredOn": self.time(), "requester": self.ref("Practitioner"),
                  "reasonReference": [self.ref("Condition")], "dosageInstruction": [{"sequence": 1, "text": "Take one tablet daily", "asNeededBoolean": False,
                  "timing": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}}, "doseAndRate": [{"type": self.cat("dose-rate-type", "ordered", "Ordered"), "doseQuantity": {"value": 1.0}}]}]})
        return d

    def claim(self):
        d = self.base("ExplanationOfBenefit")
        d.update({"contained": [{"resourceType": "ServiceRequest", "id": "referral", "status": "completed", "intent": "order", "subject": self.ref("Patient"),
                                 "requester": self.ref("Practitioner"), "performer": [self.ref("Practitioner")]},
                                {"resourceType": "Coverage", "id": "coverage", "status": "active", "type": {"text": "private"}, "beneficiary": self.ref("Patient"), "payor": [{"display": "private"}]}],
                  "status": "active", "type": self.cat("claim-type", "professional"), "use": "claim", "patient": self.ref("Patient"), "billablePeriod": self.period(),
                  "created": self.time(), "insurer": {"display": "private"}, "provider": self.ref("Practitioner"), "referral": {"reference": "#referral"},
                  "claim": self.ref("Claim"), "outcome": "complete", "careTeam": [{"sequence": 1, "provider": self.ref("Practitioner"), "role": self.cat("claimcareteamrole", "primary", "Primary Care Practitioner")}],
                  "insurance": [{"focal": True, "coverage": {"reference": "#coverage", "display": "private"}}],
                  "item": [{"sequence": 1, "category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd", "code": "1", "display": "Medical care"}]},
                            "productOrService": self.concept(SCT, ("185345009", "Encounter for symptom")), "servicedPeriod": self.period(),
                            "locationCodeableConcept": self.cat("ex-serviceplace", "21", "Inpatient Hospital"), "encounter": [self.ref("Encounter")],
                            "net": {"value": 125.0, "currency": "USD"}, "adjudication": [{"category": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/adjudication",
                            "code": "https://bluebutton.cms.gov/resources/variables/line_sbmtd_chrg_amt", "display": "Line Submitted Charge Amount"}]}, "amount": {"value": 110.5, "currency": "USD"}}]}],
                  "total": [{"category": self.cat("adjudication", "submitted", "Submitted Amount"), "amount": {"value": 125.0, "currency": "USD"}}], "payment": {"amount": {"value": 0.0, "currency": "USD"}}})
        return d

    def bill(self):
        d = self.base("Claim")
        d.update({"status": "active", "type": self.cat("claim-type", "institutional"), "use": "claim", "patient": self.ref("Patient"), "billablePeriod": self.period(),
                  "created": self.time(), "provider": self.ref("Organization"), "priority": self.cat("processpriority", "normal"), "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "private"}}],
                  "prescription": self.ref("MedicationRequest"), "item": [{"sequence": 1, "productOrService": self.concept(SCT, ("185345009", "Encounter for symptom")), "encounter": [self.ref("Encounter")]}],
                  "total": {"value": 129.16, "currency": "USD"}})
        return d

    def report(self):
        d = self.base("DiagnosticReport")
        d.update({"status": "final", "category": [self.cat("v2-0074", "LAB", "Laboratory")], "code": self.concept(LOINC, ("51990-0", "Basic Metabolic Panel")),
                  "subject": self.ref("Patient"), "encounter": self.ref("Encounter"), "effectiveDateTime": self.time(), "issued": self.time(".000+00:00"),
                  "result": [dict(self.ref("Observation"), display=r[1]) for r in LABS[:8]]})
        return d

    def procedure(self):
        d = self.base("Procedure" if self.r.random() < .7 else "Immunization")
        if d["resourceType"] == "Procedure":
            d.update({"status": "completed", "code": self.concept(SCT, ("430193006", "Medication Reconciliation (procedure)")), "subject": self.ref("Patient"), "encounter": self.ref("Encounter"), "performedPeriod": self.period()})
        else:
            d.update({"status": "completed", "vaccineCode": self.concept("http://hl7.org/fhir/sid/cvx", ("140", "Influenza, seasonal, injectable, preservative free")), "patient": self.ref("Patient"), "encounter": self.ref("Encounter"), "occurrenceDateTime": self.time(), "primarySource": True})
        return d

    def task(self):
        d = self.base("Task")
        d.update({"groupIdentifier": {"system": "urn:weft:case", "value": self.id()}, "status": "requested", "intent": "order", "priority": self.r.choice(["routine", "urgent", "asap", "stat"]),
                  "code": {"coding": [{"system": "urn:weft:task", "code": "case", "display": "Case"}]}, "description": "Weight is up 2.4 kg in 3 days (limit 2.0).",
                  "focus": self.ref("DetectedIssue"), "for": self.ref("Patient"), "authoredOn": self.time("Z"), "lastModified": self.time("Z"), "requester": {"display": "Weft"}, "owner": self.ref("Practitioner"),
                  "restriction": {"period": {"end": self.time("Z")}}, "input": [{"type": {"text": "evidence"}, "valueReference": self.ref("Observation")}]})
        return d

    def message(self):
        d = self.base("Communication")
        d.update({"status": "completed", "category": [self.cat("communication-category", "reminder", "Reminder")], "priority": "routine", "medium": [self.cat("v3-ParticipationMode", "SMSWRIT")],
                  "subject": self.ref("Patient"), "about": [self.ref("Task")], "sent": self.time("Z"), "received": self.time("Z"), "recipient": [self.ref("Patient")], "sender": self.ref("Practitioner"),
                  "payload": [{"contentString": "Your care team would like you to weigh yourself this morning. Reply STOP to end messages."}]})
        return d

    def consent(self):
        d = self.base("Consent")
        d.update({"status": "active", "scope": self.cat("consentscope", "patient-privacy", "Privacy Consent"), "category": [self.concept(LOINC, ("59284-0", "Patient Consent"))],
                  "patient": self.ref("Patient"), "dateTime": self.time("Z"), "performer": [self.ref("Patient")], "policyRule": self.cat("v3-ActCode", "OPTIN"),
                  "provision": {"type": "permit", "period": self.period(), "purpose": [{"system": HL7 + "v3-ActReason", "code": "TREAT"}]}})
        return d

    def audit(self):
        d = {"resourceType": "AuditEvent", "type": {"system": HL7 + "audit-event-type", "code": "rest", "display": "RESTful Operation"},
             "subtype": [{"system": "http://hl7.org/fhir/restful-interaction", "code": self.r.choice(["create", "read", "search-type", "update"])}], "action": self.r.choice("CRUDE"),
             "recorded": self.time("Z"), "outcome": "0", "agent": [{"type": self.cat("v3-ParticipationType", "IRCP"), "who": self.ref("Practitioner"), "requestor": True, "role": [{"text": "nurse"}],
             "network": {"address": "127.0.0.1", "type": "2"}}], "source": {"observer": {"display": "Weft"}}, "purposeOfEvent": [self.cat("v3-ActReason", "TREAT")],
             "entity": [{"what": self.ref("Observation"), "role": {"system": HL7 + "object-role", "code": "4", "display": "Domain Resource"}, "query": "L2ZoaXIv"}, {"what": self.ref("Patient")}]}
        return d

    def document(self):
        kinds = [(self.observation, 12), (self.encounter, 4), (self.condition, 2), (self.medication, 2), (self.claim, 3), (self.bill, 3),
                 (self.report, 2), (self.procedure, 3), (self.patient, 2), (self.task, 2), (self.message, 2), (self.consent, 1), (self.audit, 4)]
        return self.r.choices([k for k, _ in kinds], [w for _, w in kinds])[0]()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    maker = Maker(20261121)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(COUNT):
            with open(os.path.join(folder, f"{i:05}.json"), "w", encoding="utf-8") as f:
                json.dump(maker.document(), f, separators=(",", ":"))
        subprocess.run(["zstd", "-q", "-f", "--train", "-r", folder, f"--maxdict={SIZE}", "-o", sys.argv[1], "--dictID=20261"], check=True)


if __name__ == "__main__":
    main()
