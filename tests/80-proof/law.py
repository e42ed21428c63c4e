"""What the law and the house's policy say of places and hours, typed from the regulations themselves (47 CFR 64.1200(c)(1),
the state statutes named below, and the courtesy window for care) for the independent checker. Nothing here comes from
spec/rules or from what the product makes of it."""
import datetime
import re
import zoneinfo

ZONES = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
         "AZ": "America/Phoenix", "AK": "America/Anchorage", "AD": "America/Adak", "HI": "Pacific/Honolulu",
         "AT": "America/Puerto_Rico", "CH": "Pacific/Guam", "SA": "Pacific/Pago_Pago"}
# Every zone in which a part of the state lies (49 CFR 71).
STATES = {code: places.split() for places, codes in {
    "ET": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV", "CT": "AL AR IA IL LA MN MO MS OK WI",
    "MT": "CO MT NM UT WY", "PT": "CA NV WA", "ET CT": "FL IN KY MI TN", "CT MT": "KS ND NE SD TX", "MT PT": "ID OR",
    "AZ MT": "AZ", "AK AD": "AK", "HI": "HI", "AT": "PR VI", "CH": "GU MP", "SA": "AS"}.items() for code in codes.split()}
# Area codes of the numbering plan and the zones they are served in; others are nowhere.
AREAS = {code: places.split() for places, codes in {
    "ET": "202 203 212 215 305 404 410 412 502 513 614 617 704 716 718 802 803 804 904 914", "CT": "205 225 312 314 319 402"
    " 405 414 501 504 512 515 601 608 612 615 713 901 918", "MT": "303 307 406 505 719 801 915 970", "PT": "206 213 310 408"
    " 415 503 509 619 702 775 916", "ET CT": "270 423 812 850 906", "CT MT": "308 605 701 785", "MT PT": "208 541",
    "AZ": "480 602", "AZ MT": "928", "AK AD": "907", "HI": "808", "AT": "787", "CH": "671"}.items()
    for code in codes.split()}
# Countries by their number (ITU-T E.164) with the zones they lie in; all of them ask for an opt-in to advertising by text or
# mail: Directive 2002/58/EC Art. 13(1), PECR 2003 reg. 22; Canada (CASL s. 6(1)) by the area codes of its plan.
ABROAD = {"+44": ["Europe/London"], "+353": ["Europe/Dublin"], "+49": ["Europe/Berlin"], "+33": ["Europe/Paris"],
          "+39": ["Europe/Rome"], "+34": ["Europe/Madrid", "Atlantic/Canary"], "+31": ["Europe/Amsterdam"],
          "+351": ["Europe/Lisbon", "Atlantic/Azores"], "+48": ["Europe/Warsaw"], "+43": ["Europe/Vienna"]}
CANADA = set("204 226 236 249 250 289 306 343 365 403 416 418 431 437 438 450 506 514 519 579 581 587 604 613 639 647 705 "
             "709 778 780 782 807 819 825 867 873 902 905".split())
# Minutes of the local day. Care: the courtesy window 08:00-20:00, Sundays 10:00-18:00 (no law; TCPA-HRS-07).
CARE = {**{day: (480, 1200) for day in range(6)}, 6: (600, 1080)}
FEDERAL = {day: (480, 1260) for day in range(7)}  # 47 CFR 64.1200(c)(1)
# What states allow of sales texts: weekdays, Saturdays, Sundays; None: closed.
SALES = {"CT": "0900-2000", "FL": "0800-2000", "LA": "0800-2000 0800-2000 closed", "MD": "0800-2000",
         "MS": "0800-2000 0800-2000 closed", "NV": "0900-2000", "OK": "0800-2000", "OR": "0800-2000",
         "PA": "0900-1900 0900-1900 closed", "TX": "0900-2100 0900-2100 1200-2100", "WA": "0800-2000"}
UNKNOWN = {**{day: (600, 1080) for day in range(5)}, 5: (600, 1020), 6: (0, 0)}  # no known state: the strictest of all
SALE = re.compile(r"\b\d+ ?% off\b|\bdiscount\b|\bspecial offer\b|\bsale\b|\bdescuento\b|\boferta\b", re.I)
_zones = {}


def zones_of(state=None, number=None, stated=()):
    """Every zone in which somebody may be: of their address, of their number, and those they stated."""
    area = number[2:5] if number and re.fullmatch(r"\+1\d{10}", number) else None
    found = [ZONES[z] for z in [*STATES.get(state, ()), *AREAS.get(area, ())]]
    found += [z for code, zones in ABROAD.items() if number and number.startswith(code) for z in zones]
    return sorted({*found, *stated})


def asks_for_opt_in(number, countries=()):
    """Does advertising to this number, or to somebody who lives in these countries, need their own act before it?"""
    there = any(number.startswith(code) for code in ABROAD)
    canada = number.startswith("+1") and number[2:5] in CANADA
    return there or canada or any(c != "US" for c in countries)


def local(at, zone):
    """(date, weekday with 0 Monday, minute of the day) of an instant in seconds."""
    if zone not in _zones:
        _zones[zone] = zoneinfo.ZoneInfo(zone)
    t = datetime.datetime.fromtimestamp(at, _zones[zone])
    return t.date().isoformat(), t.weekday(), t.hour * 60 + t.minute


def _window(text, day):
    parts = text.split()
    word = parts[0 if len(parts) == 1 or day < 5 else day - 4]
    if word == "closed":
        return 0, 0
    return tuple(int(x[:2]) * 60 + int(x[2:]) for x in word.split("-"))


def windows(day, text, states):
    """All windows that bind a text on that day of the week: (what, from, to)."""
    if not SALE.search(text):
        return [("the courtesy window for care", *CARE[day])]
    bound = [("47 CFR 64.1200(c)(1)", *FEDERAL[day])]
    bound += [(f"the hours of {s}", *_window(SALES[s], day)) for s in states if s in SALES]
    return bound if states else bound + [("the strictest hours, as the state is not known", *UNKNOWN[day])]
