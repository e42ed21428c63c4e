/* What a recall's text of codes says of one device: "Lot numbers: A12, A13", "Serial 100 through
 * 250", "all units", "software version 3.2 and lower". Written by people, so read with care: a
 * number that is there concerns it, a kind of number that is there without this one does not, and
 * where it is not known what decides, it is to be checked. Pure. */
#include "fleet/recall_int.h"

#define TOKEN_MIN 3u

static bool in_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '/';
}

/* The next run of letters, digits and what joins them; a dot or a hyphen at its end is none. */
static str next_token(str *io)
{
    size_t from = 0, to;
    while (from < io->n && !in_token(io->p[from]))
        from++;
    for (to = from; to < io->n && in_token(io->p[to]);)
        to++;
    str rest = str_sub(*io, to, io->n);
    while (to > from + 1 && (io->p[to - 1] == '.' || io->p[to - 1] == '-' || io->p[to - 1] == '/'))
        to--;
    str token = str_sub(*io, from, to);
    *io = rest;
    return token;
}

static bool one_of(str word, const char *const *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(word, str_of(all[i])))
            return true;
    return false;
}
#define ONE_OF(word, all) one_of((word), (all), sizeof(all) / sizeof *(all))

static const char *const lots[] = {"lot", "lots", "batch", "batches", "lot/batch", "lot/serial"};
static const char *const serials[] = {"serial", "serials", "s/n",        "sn",
                                      "sns",    "s/ns",    "lot/serial", "serial/lot"};
static const char *const softwares[] = {"software", "firmware", "version",  "versions",
                                        "ver",      "rev",      "revision", "release"};
static const char *const alls[] = {"lot",     "lots",        "serial",   "serials",      "unit",
                                   "units",   "device",      "devices",  "code",         "codes",
                                   "batches", "product",     "products", "manufactured", "models",
                                   "systems", "distributed", "versions", "unexpired",    "numbers"};
static const char *const untils[] = {"through", "thru", "to", "-", "until"};
static const char *const downs[] = {"lower", "below", "earlier", "prior", "older", "under"};
static const char *const befores[] = {"before", "below", "prior", "earlier", "lower", "older"};
static const char *const joins[] = {"and", "or", "to", "than", "version", "versions", "software"};

/* ---- numbers ---- */

static size_t digits_at_end(str s)
{
    size_t n = 0;
    while (n < s.n && s.p[s.n - 1 - n] >= '0' && s.p[s.n - 1 - n] <= '9')
        n++;
    return n;
}

/* "A0100" through "A0250", of the same make. */
static bool in_range(str from, str to, str of)
{
    size_t d = digits_at_end(of);
    uint64_t a, b, x;
    if (!d || d > 18 || from.n != to.n || from.n != of.n || digits_at_end(from) < d ||
        digits_at_end(to) < d ||
        !str_eq_nocase(str_sub(from, 0, from.n - d), str_sub(of, 0, of.n - d)) ||
        !str_eq_nocase(str_sub(to, 0, to.n - d), str_sub(of, 0, of.n - d)))
        return false;
    return str_to_u64(str_sub(from, from.n - d, from.n), UINT64_MAX, &a) &&
           str_to_u64(str_sub(to, to.n - d, to.n), UINT64_MAX, &b) &&
           str_to_u64(str_sub(of, of.n - d, of.n), UINT64_MAX, &x) && a <= x && x <= b;
}

static bool has_number(str text, str number)
{
    str before = STR_NONE, from = STR_NONE, token;
    if (number.n < TOKEN_MIN)
        return false;
    while ((token = next_token(&text)).n) {
        size_t dash = str_find_char(token, '-', 0);
        if (str_eq_nocase(token, number) || (from.n && in_range(from, token, number)))
            return true;
        if (dash != SIZE_MAX &&
            in_range(str_sub(token, 0, dash), str_sub(token, dash + 1, token.n), number))
            return true; /* "100-250" */
        from = ONE_OF(token, untils) ? before : STR_NONE;
        before = token;
    }
    return false;
}

/* ---- versions ---- */

static bool is_version(str s)
{
    bool dot = false;
    if (s.n > 1 && (*s.p == 'v' || *s.p == 'V'))
        s = str_sub(s, 1, s.n);
    for (size_t i = 0; i < s.n; i++)
        dot |= s.p[i] == '.';
    return s.n && *s.p >= '0' && *s.p <= '9' && dot;
}

struct versions {
    bool any, hit;
};

/* Words behind a version: "and lower" reach down from it, "to 3.4" up to the other. */
static bool reaches(str rest, str version, str has)
{
    str word = next_token(&rest), than = word;
    if (ONE_OF(word, joins))
        than = next_token(&rest);
    if (ONE_OF(than, downs))
        return version_order(has, version) <= 0;
    if (ONE_OF(word, untils)) {
        str to = is_version(than) ? than : next_token(&rest);
        return is_version(to) && version_order(has, version) >= 0 && version_order(has, to) <= 0;
    }
    return version_order(has, version) == 0;
}

static struct versions versions_in(str text, str has)
{
    struct versions v = {false, false};
    bool of_software = false, before = false, behind = false; /* a version: "3.2 and lower" */
    str token;
    while ((token = next_token(&text)).n) {
        if (ONE_OF(token, softwares)) {
            of_software = true;
            continue;
        }
        if (ONE_OF(token, befores)) {
            before = !behind;
            behind = false;
            continue;
        }
        if (of_software && is_version(token)) {
            v.any = true;
            v.hit |= has.n && (before ? version_order(has, token) < 0 : reaches(text, token, has));
            before = false;
            behind = true;
        } else if (!ONE_OF(token, joins)) {
            before = behind = false;
        }
    }
    return v;
}

/* ---- what kinds of numbers it has ---- */

struct kinds {
    bool lot, serial, all, any; /* any: a number at all */
};

/* Says which one of its kind a thing is, not which product. */
static bool is_number(str token, const struct unit *u)
{
    size_t digits = 0;
    for (size_t i = 0; i < token.n; i++)
        digits += token.p[i] >= '0' && token.p[i] <= '9';
    bool gtin = digits == token.n && token.n >= 12 && token.n <= 14;
    return digits && token.n >= TOKEN_MIN && !gtin && !str_eq_nocase(token, u->model);
}

static struct kinds kinds_in(str text, const struct unit *u)
{
    struct kinds k = {false, false, false, false};
    bool after_all = false;
    str token;
    while ((token = next_token(&text)).n) {
        k.lot |= ONE_OF(token, lots);
        k.serial |= ONE_OF(token, serials);
        k.all |= after_all && ONE_OF(token, alls);
        after_all = str_eq_nocase(token, STR("all"));
        k.any |= is_number(token, u);
    }
    return k;
}

enum recall_how recall_codes(struct op *op, str codes, const struct unit *u)
{
    (void)op;
    struct kinds k = kinds_in(codes, u);
    struct versions v = versions_in(codes, u->firmware);
    if (has_number(codes, u->serial))
        return RECALL_SERIAL;
    if (has_number(codes, u->lot))
        return RECALL_LOT;
    if (v.hit)
        return RECALL_FIRMWARE;
    if (v.any && !k.lot && !k.serial)
        return u->firmware.n ? RECALL_NO : RECALL_CHECK;
    if (k.all || !k.any)
        return RECALL_MODEL;
    if (!k.lot && !k.serial)
        return RECALL_CHECK; /* numbers of which it is not said what they are */
    return (k.lot && !u->lot.n) || (k.serial && !u->serial.n) ? RECALL_CHECK : RECALL_NO;
}
