"""All 63 rules of the catalogue of remote monitoring are there: of readings, of silence, of symptoms, of devices."""
import json
import os
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
CATALOGUE = """
HF-WT-1D HF-WT-3D HF-WT-7D HF-WT-BASE HF-WT-MACD HF-WT-LOSS
BP-CRISIS-SYM BP-SEVERE BP-HIGH-HF BP-HIGH-SYM BP-LOW-SYM BP-LOW BP-AVG
HR-CRIT HR-NOSYM HR-SYM HR-SPC
SPO2-CRIT SPO2-92 SPO2-LOW SPO2-SCALE2-CRIT SPO2-DROP RR-CRIT RR-HIGH TEMP-LOW TEMP-HIGH TEMP-FEVER
GLU-HYPO2 GLU-HYPO1 GLU-HYPER2 GLU-HYPER1
CGM-URGENT-LOW CGM-LOW CGM-HIGH CGM-FALL CGM-STALE-WARN CGM-STALE-URGENT CGM-GRI
ACT-DROP SLEEP-LOW MED-7D MED-DIURETIC SYM-RED SYM-AMBER NEWS2-HIGH NEWS2-MED NEWS2-RED
MISS-1 MISS-2 MISS-3 ADH-LOW
DEV-BATT-20 DEV-BATT-10 DEV-LWT DEV-OFF-24H DEV-OFF-48H FLEET-STORM DEV-FW-OLD DEV-FW-STUCK DEV-TAMPER DEV-IDSWAP
DEV-CLOCK DEV-WHO
""".split()


def rows(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return json.load(f)


class Catalogue(unittest.TestCase):
    def test_all_are_there(self):
        self.assertEqual(63, len(set(CATALOGUE)))
        fleet = rows("spec/fleet/rules.json")
        there = [r["id"] for r in rows("spec/monitor/rules.json")["rules"] + fleet["rules"]] + [fleet["storm"]["id"]]
        self.assertEqual(len(there), len(set(there)), "an id is there twice")
        self.assertEqual({"DEV-WHO"}, set(CATALOGUE) - set(there))
        with open(os.path.join(ROOT, "src/monitor/tables.c"), encoding="utf-8") as f:
            self.assertIn('"DEV-WHO"', f.read())  # held and asked about at intake, before any rule

    def test_devices_have_words_on_the_screen(self):
        fleet = rows("spec/fleet/rules.json")
        for lang in ("en", "es", "ar"):
            with open(os.path.join(ROOT, f"web/src/words/console.{lang}.ts"), encoding="utf-8") as f:
                words = f.read()
            for id in [r["id"] for r in fleet["rules"]] + [fleet["storm"]["id"]]:
                self.assertIn(f'"fl_p_{id}"', words, lang)


if __name__ == "__main__":
    unittest.main()
