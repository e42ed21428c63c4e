#!/usr/bin/env python3
"""Releases of LOINC, SNOMED CT and RxNorm: invented ones with the publishers' columns (no licensed
content), loaded from folder and zip, asked over HTTP, copied by backup and restore, and damaged."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from urllib.parse import urlencode

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from weft_http import WEFT, Case, main, weft  # noqa: E402

LOINC = {
    "LoincTable/Loinc.csv":
        '"LOINC_NUM","COMPONENT","PROPERTY","TIME_ASPCT","SYSTEM","SCALE_TYP","METHOD_TYP","CLASS",'
        '"VersionLastChanged","DefinitionDescription","STATUS","CLASSTYPE","LONG_COMMON_NAME",'
        '"SHORTNAME","EXTERNAL_COPYRIGHT_NOTICE","VersionFirstReleased"\n'
        '"90001-1","Wonder","MCnc","Pt","Ser","Qn","","INVENT","9.2","A ""made-up"" thing,\nof two lines",'
        '"ACTIVE","1","Wonder [Mass/volume] in Serum","Wonder SerPl","","9.1"\n'
        '"90002-9","Wonder","Prid","Pt","Ser","Nom","","INVENT","9.10","","ACTIVE","1",'
        '"Kind of wonder","Wonder kind","(c) Somebody","9.1"\n'
        '"90003-7","Old","MCnc","Pt","Ser","Qn","","INVENT","9.1","","DEPRECATED","1","Old wonder","","","9.0"\n',
    "AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv":
        "PATH_TO_ROOT,SEQUENCE,IMMEDIATE_PARENT,CODE,CODE_TEXT\n"
        ",1,,LP90000-1,Wonders\nLP90000-1,1,LP90000-1,LP90001-9,Serum wonders\n"
        "LP90000-1.LP90001-9,1,LP90001-9,90001-1,Wonder\nLP90000-1,2,LP90000-1,90002-9,Kind\n",
    "AccessoryFiles/AnswerFile/AnswerList.csv":
        '"AnswerListId","AnswerListName","SequenceNumber","AnswerStringId","DisplayText"\n'
        '"LL9001-1","Kinds","1","LA9001-1","Big"\n"LL9001-1","Kinds","2","LA9002-9","Small"\n',
    "AccessoryFiles/LinguisticVariants/deDE15LinguisticVariant.csv":
        '"LOINC_NUM","COMPONENT","LONG_COMMON_NAME"\n"90001-1","Wunder","Wunder im Serum"\n',
}
CORE, US = "900000000000207008", "731000124108"
SNOMED = {
    "Snapshot/Terminology/sct2_Concept_Snapshot_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\r\n" + "".join(
            f"{i}\t{t}\t{a}\t{CORE}\t900000000000074008\r\n" for i, t, a in (
                ("138875005", "20980131", 1), ("9001", "20990131", 1), ("9002", "20980131", 1),
                ("9003", "20980131", 1), ("9004", "20980131", 0), ("9100", "20980131", 1))),
    "Snapshot/Terminology/sct2_Description_Snapshot-en_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\r\n"
        + "".join(f"{i}\t20980131\t{a}\t{CORE}\t{c}\ten\t{t}\t{term}\tx\r\n" for i, a, c, t, term in (
            (1, 1, "138875005", "900000000000003001", "Root (root)"),
            (2, 1, "9001", "900000000000003001", "Creature (thing)"),
            (3, 1, "9001", "900000000000013009", "Beast"), (4, 1, "9001", "900000000000013009", "Creature"),
            (5, 1, "9002", "900000000000013009", "Griffin"), (6, 1, "9003", "900000000000013009", 'Dragon "red"'),
            (7, 0, "9003", "900000000000013009", "Wyrm"), (8, 1, "9004", "900000000000013009", "Dodo"))),
    "Snapshot/Terminology/sct2_Relationship_Snapshot_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\t"
        "characteristicTypeId\tmodifierId\r\n" + "".join(
            f"{n}\t20980131\t{a}\t{CORE}\t{s}\t{d}\t0\t{t}\tx\ty\r\n" for n, (a, s, d, t) in enumerate((
                (1, "9001", "138875005", "116680003"), (1, "9002", "9001", "116680003"),
                (1, "9003", "9001", "116680003"), (0, "9003", "9002", "116680003"),
                (1, "9003", "9002", "9100")))),
    "Snapshot/Refset/Language/der2_cRefset_LanguageSnapshot-en_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tacceptabilityId\r\n"
        f"u\t20980131\t1\t{CORE}\t900000000000509007\t4\t900000000000548007\r\n"
        f"v\t20980131\t1\t{CORE}\t900000000000508004\t3\t900000000000548007\r\n",
    "Snapshot/Refset/Content/der2_Refset_SimpleSnapshot_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\r\n"
        f"a\t20980131\t1\t{CORE}\t9100\t9003\r\nb\t20980131\t0\t{CORE}\t9100\t9002\r\n",
    "Snapshot/Refset/Metadata/der2_ssRefset_ModuleDependencySnapshot_INT_20990131.txt":
        "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tsourceEffectiveTime\t"
        f"targetEffectiveTime\r\nm\t20980131\t1\t{US}\t1\t{CORE}\t1\t1\r\n",
}


def rrf(*rows):
    return "".join("|".join(row) + "|\n" for row in rows)


def conso(cui, tty, text, sab="RXNORM", suppress="N"):
    return [cui, "ENG", "", "", "", "", "", "a", "", "", "", sab, tty, cui, text, "", suppress, ""]


def rel(one, rela, two):
    return [one, "", "CUI", "RO", two, "", "CUI", rela, "", "", "RXNORM", "", "", "", "", ""]


RXNORM = {
    "rrf/RXNCONSO.RRF": rrf(conso("9000001", "IN", "wonderol"), conso("9000002", "SCD", "wonderol 5 MG Oral Tablet"),
                            conso("9000002", "SY", "wonderol pill"), conso("9000003", "IN", "other", "MTHSPL"),
                            conso("9000004", "IN", "gone", suppress="O")),
    "rrf/RXNREL.RRF": rrf(rel("9000001", "has_ingredient", "9000002"), rel("9000001", "isa", "9000004")),
    "rrf/RXNSTY.RRF": rrf(["9000001", "T109", "A1", "Organic Chemical", "AT1", ""]),
    "rrf/RXNSAB.RRF": rrf(["C1", "C2", "RXNORM_x", "RXNORM", "RxNorm", "RXNORM", "20AA_990101F", "", ""]),
}


def value(params, name):
    for p in params["parameter"]:
        if p["name"] == name:
            return next(v for k, v in p.items() if k.startswith("value"))
    return None


def properties(params):
    out = {}
    for p in params["parameter"]:
        if p["name"] == "property":
            parts = {q["name"]: next(v for k, v in q.items() if k.startswith("value")) for q in p["part"]}
            out.setdefault(parts["code"], []).append(parts["value"])
    return out


class Releases(Case):
    roles = ("system",)

    @classmethod
    def before_start(cls):
        cls.folder = tempfile.mkdtemp(prefix="weft-release-")
        for name, files in (("loinc", LOINC), ("snomed", SNOMED), ("rxnorm", RXNORM)):
            for path, text in files.items():
                full = os.path.join(cls.folder, name, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8", newline="") as f:
                    f.write(text)
        cls.zip = os.path.join(cls.folder, "snomed.zip")
        with zipfile.ZipFile(cls.zip, "w", zipfile.ZIP_DEFLATED) as z:
            for path, text in SNOMED.items():
                z.writestr("SnomedCT_Invented/" + path, text,
                           zipfile.ZIP_STORED if "Relationship" in path else zipfile.ZIP_DEFLATED)
        cls.out = {name: weft("import", "--data", cls.server.data, "--terminology", name, path).stdout
                   for name, path in (("loinc", os.path.join(cls.folder, "loinc")), ("snomed", cls.zip),
                                      ("rxnorm", os.path.join(cls.folder, "rxnorm")))}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def get(self, path, status=200, **query):
        a = self.server.call("GET", f"/fhir/{path}?{urlencode(query)}", token=self.system)
        self.assertEqual(a.status, status, a.text()[:400])
        return a.json

    def codes(self, url, **more):
        e = self.get("ValueSet/$expand", url=url, **more)["expansion"]
        self.assertEqual(e["total"], len(e.get("contains", [])))
        return [c["code"] for c in e.get("contains", [])]

    def test_loinc(self):
        self.assertIn("http://loinc.org|9.10: 7 codes", self.out["loinc"])
        got = self.get("CodeSystem/$lookup", system="http://loinc.org", code="90001-1")
        self.assertEqual(value(got, "display"), "Wonder [Mass/volume] in Serum")
        self.assertEqual(value(got, "version"), "9.10")
        p = properties(got)
        self.assertEqual(p["definition"], ['A "made-up" thing,\nof two lines'])
        self.assertEqual((p["SCALE_TYP"], p["copyright"], p["parent"]), (["Qn"], ["LOINC"], ["LP90001-9"]))
        self.assertEqual(value(self.get("CodeSystem/$lookup", system="http://loinc.org", code="90001-1",
                                        displayLanguage="de"), "display"), "Wunder im Serum")
        self.assertEqual(properties(self.get("CodeSystem/$lookup", system="http://loinc.org",
                                             code="90002-9"))["copyright"], ["3rdParty"])
        self.assertEqual(self.codes("http://loinc.org/vs/LL9001-1"), ["LA9001-1", "LA9002-9"])
        self.assertEqual(sorted(self.codes("http://loinc.org/vs/LP90000-1")),
                         ["90001-1", "90002-9", "LP90000-1", "LP90001-9"])
        self.assertEqual(len(self.codes("http://loinc.org/vs")), 7)
        self.assertNotIn("90003-7", self.codes("http://loinc.org/vs", activeOnly="true"))
        for code, result in (("90001-1", True), ("90009-9", False)):
            got = self.get("ValueSet/$validate-code", url="http://loinc.org/vs", system="http://loinc.org",
                           code=code)
            self.assertIs(value(got, "result"), result)

    def test_snomed(self):
        version = f"http://snomed.info/sct/{US}/version/20990131"
        self.assertIn(f"http://snomed.info/sct|{version}: 6 codes, 7 designations, 3 relations", self.out["snomed"])
        sct = "http://snomed.info/sct"
        got = self.get("CodeSystem/$lookup", system=sct, code="9001")
        self.assertEqual((value(got, "display"), value(got, "version")), ("Creature", version))
        self.assertEqual(sorted(properties(got)["child"]), ["9002", "9003"])
        self.assertEqual(properties(self.get("CodeSystem/$lookup", system=sct, code="9003"))["9100"], ["9002"])
        self.assertEqual(value(self.get("CodeSystem/$lookup", system=sct, code="9003"), "display"), 'Dragon "red"')
        self.assertEqual(properties(self.get("CodeSystem/$lookup", system=sct, code="9004"))["inactive"], [True])
        self.assertEqual(sorted(self.codes(sct + "?fhir_vs=isa/9001")), ["9001", "9002", "9003"])
        self.assertEqual(self.codes(sct + "?fhir_vs=refset/9100"), ["9003"])
        self.assertEqual(self.codes(sct + "?fhir_vs=refset"), ["9100"])
        self.assertEqual(len(self.codes(sct + "?fhir_vs")), 6)
        self.assertEqual(len(self.codes(version + "?fhir_vs")), 6)
        self.assertEqual(self.codes(sct + "?fhir_vs=isa/9001", filter="drag"), ["9003"])
        for a, b, want in (("9001", "9003", "subsumes"), ("9003", "138875005", "subsumed-by"),
                           ("9002", "9003", "not-subsumed")):
            self.assertEqual(value(self.get("CodeSystem/$subsumes", system=sct, codeA=a, codeB=b), "outcome"), want)
        self.get("ValueSet/$expand", status=501, url=sct + "?fhir_vs=ecl/<9001")
        self.get("ValueSet/$expand", status=404, url=sct + "?fhir_vs=isa/77")
        # an R4 value set over SNOMED CT whose root is not in this release stays unknown, not empty
        self.get("ValueSet/$expand", status=404, url="http://hl7.org/fhir/ValueSet/clinical-findings")

    def test_rxnorm(self):
        rx = "http://www.nlm.nih.gov/research/umls/rxnorm"
        self.assertIn(f"{rx}|20AA_990101F: 3 codes", self.out["rxnorm"])
        got = self.get("CodeSystem/$lookup", system=rx, code="9000002")
        self.assertEqual(value(got, "display"), "wonderol 5 MG Oral Tablet")
        self.assertEqual((properties(got)["TTY"], properties(got)["has_ingredient"]), (["SCD"], ["9000001"]))
        self.assertEqual(properties(self.get("CodeSystem/$lookup", system=rx, code="9000001"))["STY"],
                         ["Organic Chemical"])
        vs = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [
            {"system": rx, "filter": [{"property": "TTY", "op": "in", "value": "SCD,SBD"}]}]}}
        a = self.server.call("POST", "/fhir/ValueSet/$expand", vs, token=self.system)
        self.assertEqual([c["code"] for c in a.json["expansion"]["contains"]], ["9000002"])

    def test_refused(self):
        def load(what, files):
            folder = tempfile.mkdtemp(dir=self.folder)
            for path, text in files.items():
                with open(os.path.join(folder, os.path.basename(path)), "wb") as f:
                    f.write(text if isinstance(text, bytes) else text.encode())
            done = weft("import", "--data", self.server.data, "--terminology", what, folder, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
            return done.stderr
        self.assertIn("Loinc.csv", load("loinc", {}))
        self.assertIn("loinc, snomed, rxnorm", load("icd", {}))
        self.assertIn("Loinc.csv:1: there is no column LONG_COMMON_NAME", load("loinc", {"Loinc.csv": "LOINC_NUM\n1\n"}))
        whole = LOINC["LoincTable/Loinc.csv"]
        self.assertIn("Loinc.csv:6: the line has fewer columns", load("loinc", {"Loinc.csv": whole + '"1","2"\n'}))
        self.assertIn("a quoted cell does not end", load("loinc", {"Loinc.csv": whole + '"1'}))
        self.assertIn("Loinc.csv:6: the line is not UTF-8", load("loinc", {"Loinc.csv": whole.encode() + b'"\xff"\n'}))
        self.assertIn("RXNREL.RRF", load("rxnorm", {"RXNCONSO.RRF": RXNORM["rrf/RXNCONSO.RRF"]}))
        with open(self.zip, "rb") as f:
            packed = f.read()
        for at, cut in ((len(packed) // 2, None), (len(packed) - 10, None), (None, 200)):
            path = os.path.join(self.folder, "bad.zip")
            with open(path, "wb") as f:
                f.write(packed[:cut] if cut else packed[:at] + b"\xff" * 8 + packed[at + 8:])
            done = weft("import", "--data", self.server.data, "--terminology", "snomed", path, check=False)
            self.assertEqual(done.returncode, 1, done.stdout)
        done = subprocess.run([WEFT, "import", "--data", self.server.data, "--terminology", "loinc"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)

    def test_seen_while_running_and_copied(self):
        """A newer release beside the running server is used within seconds; backup and restore carry
        all; a damaged file is named and nothing starts with it."""
        folder = os.path.join(self.folder, "loinc2")
        shutil.copytree(os.path.join(self.folder, "loinc"), folder)
        with open(os.path.join(folder, "LoincTable", "Loinc.csv"), "a", encoding="utf-8") as f:
            f.write('"90008-6","New","MCnc","Pt","Ser","Qn","","INVENT","9.11","","ACTIVE","1","Newest","","","9.11"\n')
        self.get("CodeSystem/$lookup", status=404, system="http://loinc.org", code="90008-6")
        weft("import", "--data", self.server.data, "--terminology", "loinc", folder)
        for _ in range(100):
            a = self.server.call("GET", "/fhir/CodeSystem/$lookup?system=http://loinc.org&code=90008-6",
                                 token=self.system)
            if a.status == 200:
                break
            __import__("time").sleep(0.1)
        self.assertEqual(value(a.json, "version"), "9.11")
        self.assertEqual(value(self.get("CodeSystem/$lookup", system="http://loinc.org", version="9.10",
                                        code="90001-1"), "version"), "9.10")
        copy, back = os.path.join(self.folder, "copy"), os.path.join(self.folder, "back")
        self.assertIn("terminologies: 4 files", weft("backup", "--data", self.server.data, "--out", copy).stdout)
        self.assertIn("terminologies: 4 files", weft("restore", "--from", copy, "--keys", self.server.data,
                                                       "--data", back).stdout)
        for name in sorted(os.listdir(os.path.join(self.server.data, "terms"))):
            with open(os.path.join(self.server.data, "terms", name), "rb") as a, \
                    open(os.path.join(back, "terms", name), "rb") as b:
                self.assertEqual(a.read(), b.read(), name)
        for folder in (copy, back):
            with open(os.path.join(folder, "terms", "rxnorm-20AA-990101F.terms"), "r+b") as f:
                f.seek(-20, os.SEEK_END)
                f.write(b"\x55\xaa")
        for args in (["restore", "--from", copy, "--keys", self.server.data, "--data", back + "2"],
                     ["serve", "--data", back, "--listen", "127.0.0.1:0"]):
            done = weft(*args, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("rxnorm-20AA-990101F.terms is damaged", done.stderr)
        self.assertFalse(os.path.exists(back + "2"))


if __name__ == "__main__":
    main()
