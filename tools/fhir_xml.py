"""FHIR XML of definitions (StructureDefinition, ValueSet, CodeSystem) as the JSON it stands for: what
the distillers need of it, no more (no narrative, no contained resources)."""

import xml.etree.ElementTree as ET

FHIR = "{http://hl7.org/fhir}"
LISTS = {"element", "constraint", "discriminator", "extension", "concept", "include", "exclude",
         "filter", "property", "designation", "coding", "profile", "targetProfile", "alias",
         "condition", "identifier", "contact", "telecom", "useContext", "jurisdiction", "mapping",
         "example"}
# These repeat in one place and stand once in another.
LISTS_UNDER = {("include", "valueSet"), ("exclude", "valueSet"), ("element", "type")}
WHOLE = {"min", "maxLength", "count"}
TRUTH = {"abstract", "mustSupport", "isModifier", "isSummary", "ordered", "caseSensitive",
         "experimental", "immutable", "compositional", "versionNeeded", "inactive"}


def value_of(name, text):
    if name in WHOLE:
        return int(text)
    return text == "true" if name in TRUTH or name == "valueBoolean" else text


def node(parent):
    kids = [k for k in parent if k.tag.startswith(FHIR)]
    if "value" in parent.attrib and not kids:
        return value_of(parent.tag[len(FHIR):], parent.attrib["value"])
    out = {k: v for k, v in parent.attrib.items() if k in ("id", "url")}
    for k in kids:
        name, under = k.tag[len(FHIR):], parent.tag[len(FHIR):]
        if name == "text" and under in ("StructureDefinition", "ValueSet", "CodeSystem"):
            continue
        if name in LISTS or (under, name) in LISTS_UNDER:
            out.setdefault(name, []).append(node(k))
        else:
            out[name] = node(k)
    return out


def read(path):
    root = ET.parse(path).getroot()
    return {"resourceType": root.tag[len(FHIR):], **node(root)}
