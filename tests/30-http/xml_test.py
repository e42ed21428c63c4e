"""FHIR XML over HTTP: every answer has both forms, bodies come in either, what is wrong is told with
line and path, and nothing of XML's own (entities, document types) is let in."""
import json
import re
import xml.etree.ElementTree as ET

from weft_http import Case, main, observation

XML = "application/fhir+xml"
F = "{http://hl7.org/fhir}"
AS_XML = {"Accept": XML}
SEND = {"Content-Type": XML, "Accept": XML}


def patient(inner="<active value='true'/>"):
    return f"<Patient xmlns='http://hl7.org/fhir'>{inner}</Patient>"


class Xml(Case):
    def xml(self, status, answer):
        self.assertEqual((status, XML + "; charset=utf-8"),
                         (answer.status, answer.header("Content-Type")), answer.body[:500])
        return ET.fromstring(answer.body)

    def refused(self, status, answer, *words):
        root = self.xml(status, answer)
        self.assertEqual(F + "OperationOutcome", root.tag)
        said = answer.body.decode()
        for word in words:
            self.assertIn(word, said)

    def test_create_read_update(self):
        a = self.call("POST", "/fhir/Patient", patient(
            "<text><status value='generated'/><div xmlns='http://www.w3.org/1999/xhtml'>a<br/>"
            "b &amp; c</div></text><name><given value='Zoë'/></name><birthDate value='1970-01-01'>"
            "<extension url='http://e'><valueDecimal value='1.50'/></extension></birthDate>"),
            headers=SEND)
        root = self.xml(201, a)
        pid = root.find(F + "id").get("value")
        self.assertTrue(a.header("Location").endswith(f"Patient/{pid}/_history/1"))
        j = self.expect(200, self.call("GET", f"/fhir/Patient/{pid}"))
        self.assertIn(b'"valueDecimal":1.50', j.body)
        self.assertIn("a<br/>b &amp; c</div>", j.json["text"]["div"])
        self.assertEqual("Zoë", j.json["name"][0]["given"][0])
        back = self.call("GET", f"/fhir/Patient/{pid}", headers=AS_XML)
        self.xml(200, back)
        again = self.call("PUT", f"/fhir/Patient/{pid}", back.body, headers=SEND)
        self.assertEqual("2", self.xml(200, again).find(F + "meta/" + F + "versionId").get("value"))
        after = self.call("GET", f"/fhir/Patient/{pid}").json
        before = j.json
        for r in (before, after):
            del r["meta"]
        self.assertEqual(before, after)

    def test_every_answer(self):
        pid = self.patient("Xml")
        self.create(observation(pid))
        found = self.xml(200, self.call("GET", f"/fhir/Observation?subject=Patient/{pid}"
                                        "&_include=Observation:subject", headers=AS_XML))
        self.assertEqual(2, len(found.findall(F + "entry")))
        self.assertEqual("Xml", found.find(f".//{F}Patient/{F}name/{F}family").get("value"))
        statement = self.xml(200, self.call("GET", "/fhir/metadata?_format=xml", token=None))
        self.assertEqual(F + "CapabilityStatement", statement.tag)
        self.assertIn("application/fhir+xml", [f.get("value") for f in statement.iter(F + "format")])
        self.xml(200, self.call("GET", f"/fhir/Patient/{pid}/_history", headers=AS_XML))
        self.xml(200, self.call("GET", f"/fhir/Patient/{pid}/_history/1", headers=AS_XML))
        self.xml(200, self.call("GET", f"/fhir/Patient?_id={pid}&_format=application/fhir%2Bxml"))
        self.refused(404, self.call("GET", "/fhir/Patient/nobody", headers=AS_XML))
        self.refused(401, self.call("GET", "/fhir/Patient/x", token=None, headers=AS_XML), "Sign in")
        self.refused(404, self.call("GET", "/fhir/Nothing", headers=AS_XML), "Nothing")
        self.refused(400, self.call("GET", "/fhir/Patient?frob=1", headers=AS_XML), "frob")
        pretty = self.call("GET", f"/fhir/Patient/{pid}?_pretty=true", headers=AS_XML).body
        self.assertIn(b"\n  <id value=", pretty)
        head = self.call("HEAD", f"/fhir/Patient/{pid}", headers=AS_XML)
        self.assertEqual((200, b""), (head.status, head.body))
        outcome = self.call("POST", "/fhir/Patient", patient(), headers={
            **SEND, "Prefer": "return=OperationOutcome"})
        self.assertEqual(F + "OperationOutcome", self.xml(201, outcome).tag)

    def test_mixed(self):
        a = self.call("POST", "/fhir/Patient", patient(), headers={**SEND, "Accept": "application/json"})
        self.assertEqual("Patient", self.expect(201, a).json["resourceType"])
        self.xml(201, self.call("POST", "/fhir/Patient", patient(), headers={"Content-Type": XML}))
        for accept, kind in (("text/html, application/xml;q=0.9, */*;q=0.8", "xml"),
                             ("application/fhir+xml;q=0.5, application/fhir+json", "json"),
                             ("*/*", "json"), ("application/fhir+json;q=0.1, text/xml;q=0.2", "xml")):
            got = self.call("GET", "/fhir/Patient?_count=0", headers={"Accept": accept})
            self.assertIn(kind, got.header("Content-Type"), accept)

    def test_bundles_and_patches(self):
        bundle = ("<Bundle xmlns='http://hl7.org/fhir'><type value='transaction'/><entry><fullUrl "
                  "value='urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a'/><resource><Patient><active "
                  "value='true'/></Patient></resource><request><method value='POST'/><url "
                  "value='Patient'/></request></entry><entry><resource><Basic><code><text value='x'/>"
                  "</code><subject><reference value='urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a'/>"
                  "</subject></Basic></resource><request><method value='POST'/><url value='Basic'/>"
                  "</request></entry></Bundle>")
        root = self.xml(200, self.call("POST", "/fhir", bundle, "system", headers=SEND))
        where = root.find(f".//{F}location").get("value")
        pid = re.search(r"Patient/([^/]+)/", where).group(1)
        patch = ("<Parameters xmlns='http://hl7.org/fhir'><parameter><name value='operation'/><part>"
                 "<name value='type'/><valueCode value='replace'/></part><part><name value='path'/>"
                 "<valueString value='Patient.active'/></part><part><name value='value'/><valueBoolean "
                 "value='false'/></part></parameter></Parameters>")
        changed = self.xml(200, self.call("PATCH", f"/fhir/Patient/{pid}", patch, headers=SEND))
        self.assertEqual("false", changed.find(F + "active").get("value"))

    def test_refused(self):
        def post(body):
            return self.call("POST", "/fhir/Patient", body, headers=SEND)

        self.refused(400, post("<Patient"), "XML line 1")
        self.refused(400, post(patient("\n<name><given value='a'/></nam>")), "XML line 2")
        self.refused(400, post(patient("<frob value='1'/>")), "Patient.frob", "line 1, column")
        self.refused(422, post(patient("<gender value='no'/>")), "Patient.gender")
        self.refused(400, post(patient("<active value='maybe'/>")), "Patient.active")
        self.refused(422, post("<Group xmlns='http://hl7.org/fhir'><type value='person'/><actual "
                               "value='true'/></Group>"), "Patient")
        laughs = "".join(f"<!ENTITY l{i} '{('&l%d;' % (i - 1)) * 10 if i else 'lol'}'>" for i in range(10))
        self.refused(400, post(f"<!DOCTYPE p [{laughs}]>" + patient("<id value='&l9;'/>")),
                     "document type")
        self.refused(400, post("<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
                               + patient("<id value='&x;'/>")), "document type")
        self.refused(400, post(patient("<extension url='u'>" * 3000)), "too deeply")
        self.refused(400, post("\xff".encode("latin1")), "UTF-8")
        self.refused(400, post(json.dumps({"resourceType": "Patient"})), "well-formed")


if __name__ == "__main__":
    main()
