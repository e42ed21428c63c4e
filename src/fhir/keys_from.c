/* One value of a FHIR data type → search keys, by the tables of R4 search.html (§3.1.1.4.8 … 14).
 * Meaning only: no folding, hashing or packing. A value that lacks what a key needs makes none.
 * Invariant: the same functions serve the trie (keys_walk.c) and FHIRPath results (keys.c). */
#include "fhir/keys_int.h"

#include "base/phone.h"

#include <float.h>
#include <math.h>

typedef void (*from_fn)(struct key_walk *w, uint16_t param, const struct json *v);

static void add_token(struct key_walk *w, uint16_t param, str system, str code)
{
    if (code.n || system.n)
        keys_add(w, &(struct fhir_key){
                        .param = param, .kind = KEY_TOKEN, .system = system, .code = code});
}

static void add_display(struct key_walk *w, uint16_t param, const struct json *v)
{
    if (json_is(v, JSON_STRING) && v->u.s.n)
        keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_DISPLAY, .text = v->u.s});
}

static void from_coding(struct key_walk *w, uint16_t param, const struct json *v)
{
    add_token(w, param, json_str(JSON_GET(v, "system")), json_str(JSON_GET(v, "code")));
    add_display(w, param, JSON_GET(v, "display"));
}

static void from_concept(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *codings = JSON_GET(v, "coding"), *c;
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        from_coding(w, param, c);
    add_display(w, param, JSON_GET(v, "text"));
}

static void from_identifier(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *type = JSON_GET(v, "type"), *codings = JSON_GET(type, "coding"), *c;
    struct fhir_key key = {.param = param, .kind = KEY_TYPED};
    key.text = json_str(JSON_GET(v, "value"));
    add_token(w, param, json_str(JSON_GET(v, "system")), key.text);
    add_display(w, param, JSON_GET(type, "text"));
    for (size_t i = 0; key.text.n && (c = json_at(codings, i)); i++) {
        key.system = json_str(JSON_GET(c, "system"));
        key.code = json_str(JSON_GET(c, "code"));
        if (key.code.n)
            keys_add(w, &key);
    }
}

static str small_letters(struct arena *a, str s)
{
    char *out = arena_alloc(a, s.n + 1);
    for (size_t i = 0; out && i < s.n; i++)
        out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    return out ? str_make(out, s.n) : STR_NONE;
}

/* As written, and once more as "tel:+13125550143" or "mailto:…" in one spelling (RFC 3966, RFC
 * 6068), so that an answer finds its patient however the number stands in the record. */
static void from_contact(struct key_walk *w, uint16_t param, const struct json *v)
{
    str value = json_str(JSON_GET(v, "value")), system = json_str(JSON_GET(v, "system"));
    struct arena *a = w->op->arena;
    add_token(w, param, STR_NONE, value);
    if (!value.n || value.n > 300)
        return;
    if (str_eq(system, STR("email")))
        add_token(w, param, STR_NONE,
                  arena_cat(a, STR("mailto:"), small_letters(a, str_trim(value))));
    else if (str_eq(system, STR("phone")) || str_eq(system, STR("sms")))
        add_token(w, param, STR_NONE, arena_cat(a, STR("tel:"), phone_plain_number(a, value)));
}

static void from_bool(struct key_walk *w, uint16_t param, const struct json *v)
{
    if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE))
        add_token(w, param, STR_NONE, json_is(v, JSON_TRUE) ? STR("true") : STR("false"));
}

static void from_code(struct key_walk *w, uint16_t param, const struct json *v)
{
    add_token(w, param, STR_NONE, json_str(v));
}

static void from_text(struct key_walk *w, uint16_t param, const struct json *v)
{
    str s = json_is(v, JSON_STRING) ? v->u.s : STR_NONE;
    if (s.n)
        keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_STRING, .text = s});
}

static void from_texts(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *item;
    if (!json_is(v, JSON_ARRAY))
        from_text(w, param, v);
    for (size_t i = 0; (item = json_at(v, i)); i++)
        from_text(w, param, item);
}

static void from_members(struct key_walk *w, uint16_t param, const struct json *v,
                         const char *const *names)
{
    for (; *names; names++)
        from_texts(w, param, json_get(v, str_of(*names)));
}

static void from_name(struct key_walk *w, uint16_t param, const struct json *v)
{
    static const char *const names[] = {"family", "given", "prefix", "suffix", "text", NULL};
    from_members(w, param, v, names);
}

static void from_address(struct key_walk *w, uint16_t param, const struct json *v)
{
    static const char *const names[] = {"line",       "city",    "district", "state",
                                        "postalCode", "country", "text",     NULL};
    from_members(w, param, v, names);
}

static void from_concept_text(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *codings = JSON_GET(v, "coding"), *c;
    from_texts(w, param, JSON_GET(v, "text"));
    for (size_t i = 0; (c = json_at(codings, i)); i++)
        from_texts(w, param, JSON_GET(c, "display"));
}

static void add_date(struct key_walk *w, uint16_t param, int64_t lo, int64_t hi)
{
    keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_DATE, .lo = lo, .hi = hi});
}

static void from_date(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct time_span t;
    if (time_parse(json_str(v), &t))
        add_date(w, param, t.lo, t.hi);
}

static void from_period(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct time_span start, end;
    bool has_start = time_parse(json_str(JSON_GET(v, "start")), &start);
    bool has_end = time_parse(json_str(JSON_GET(v, "end")), &end);
    if (has_start || has_end)
        add_date(w, param, has_start ? start.lo : INT64_MIN, has_end ? end.hi : INT64_MAX);
}

/* Only the outer limits count (search.html#date, Timing). */
static void from_timing(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *events = JSON_GET(v, "event"), *e;
    struct time_span t;
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    for (size_t i = 0; (e = json_at(events, i)); i++) {
        if (!time_parse(json_str(e), &t))
            continue;
        lo = t.lo < lo ? t.lo : lo;
        hi = t.hi > hi ? t.hi : hi;
    }
    if (lo < hi)
        add_date(w, param, lo, hi);
    else
        from_period(w, param, JSON_GET(JSON_GET(v, "repeat"), "boundsPeriod"));
}

static enum fhir_key_kind number_kind(const struct key_walk *w, uint16_t param)
{
    const struct fhir_param *p = w->custom ? w->custom : fhir_param_get(param);
    return p->type == PARAM_QUANTITY ? KEY_QUANTITY : KEY_NUMBER;
}

static void from_number(struct key_walk *w, uint16_t param, const struct json *v)
{
    double number;
    if (json_double(v, &number))
        keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_NUMBER, .number = number});
}

static void from_quantity(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct fhir_key key = {.param = param, .kind = (uint8_t)number_kind(w, param)};
    if (!json_double(JSON_GET(v, "value"), &key.number))
        return;
    if (key.kind == KEY_QUANTITY) {
        key.system = json_str(JSON_GET(v, "system"));
        key.code = json_str(JSON_GET(v, "code"));
        key.text = json_str(JSON_GET(v, "unit"));
    }
    keys_add(w, &key);
}

static void from_money(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct fhir_key key = {.param = param, .kind = KEY_QUANTITY};
    if (!json_double(JSON_GET(v, "value"), &key.number))
        return;
    key.code = json_str(JSON_GET(v, "currency"));
    key.system = key.code.n ? STR("urn:iso:std:iso:4217") : STR_NONE;
    key.text = key.code;
    keys_add(w, &key);
}

/* A range is found by either of its ends. */
static void from_range(struct key_walk *w, uint16_t param, const struct json *v)
{
    from_quantity(w, param, JSON_GET(v, "low"));
    from_quantity(w, param, JSON_GET(v, "high"));
}

/* The smallest and the largest sample: origin + factor * number, E U L left out. */
static void from_sampled(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *origin = JSON_GET(v, "origin");
    double base, factor = 1, lo = DBL_MAX, hi = -DBL_MAX, sample;
    str data = json_str(JSON_GET(v, "data")), word;
    if (!json_double(JSON_GET(origin, "value"), &base))
        return;
    (void)json_double(JSON_GET(v, "factor"), &factor);
    while (str_take_until(&data, ' ', &word)) {
        if (!str_to_double(word, &sample))
            continue;
        lo = fmin(lo, base + factor * sample);
        hi = fmax(hi, base + factor * sample);
    }
    struct fhir_key key = {.param = param,
                           .kind = KEY_QUANTITY,
                           .number = lo,
                           .system = json_str(JSON_GET(origin, "system")),
                           .code = json_str(JSON_GET(origin, "code")),
                           .text = json_str(JSON_GET(origin, "unit"))};
    if (lo > hi)
        return;
    keys_add(w, &key);
    key.number = hi;
    if (lo < hi)
        keys_add(w, &key);
}

/* A contained resource cannot be asked for from outside; that it is there can. */
static void from_reference(struct key_walk *w, uint16_t param, const struct json *v)
{
    const struct json *identifier = JSON_GET(v, "identifier");
    struct fhir_key key = {.param = param,
                           .kind = KEY_REFERENCE,
                           .system = json_str(JSON_GET(identifier, "system")),
                           .code = json_str(JSON_GET(identifier, "value"))};
    key.ref = fhir_ref_parse(json_str(JSON_GET(v, "reference")));
    if (key.ref.kind == REF_CONTAINED)
        key.ref = (struct fhir_ref){.kind = REF_NONE};
    if (key.ref.type == 0)
        key.ref.type = fhir_type_parse(json_str(JSON_GET(v, "type")));
    if (key.ref.kind == REF_NONE && !key.code.n) {
        key.kind = KEY_DISPLAY;
        key.text = json_str(JSON_GET(v, "display"));
        key.ref.type = ref_target(w->resource, v);
    }
    if (key.kind == KEY_REFERENCE || key.text.n || json_str(JSON_GET(v, "reference")).n)
        keys_add(w, &key);
}

static void from_resource(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct fhir_key key = {.param = param, .kind = KEY_REFERENCE};
    key.ref.type = fhir_type_of(v);
    key.ref.id = json_str(JSON_GET(v, "id"));
    if (key.ref.type == 0 || !fhir_id_valid(key.ref.id))
        return;
    str type = fhir_type_name(key.ref.type);
    key.ref.kind = REF_LOCAL;
    key.ref.text = arena_printf(w->op->arena, "%.*s/%.*s", STR_ARG(type), STR_ARG(key.ref.id));
    keys_add(w, &key);
}

/* A canonical with a version is found with and without it. */
static void from_link(struct key_walk *w, uint16_t param, const struct json *v)
{
    struct fhir_key key = {.param = param, .kind = KEY_REFERENCE};
    key.ref = fhir_ref_parse(json_str(v));
    if (key.ref.kind == REF_NONE || key.ref.kind == REF_CONTAINED)
        return;
    keys_add(w, &key);
    size_t bar = str_find_char(key.ref.text, '|', 0);
    if (bar == SIZE_MAX)
        return;
    key.ref = fhir_ref_parse(str_sub(key.ref.text, 0, bar));
    keys_add(w, &key);
}

static void from_uri(struct key_walk *w, uint16_t param, const struct json *v)
{
    if (json_is(v, JSON_STRING) && v->u.s.n)
        keys_add(w, &(struct fhir_key){.param = param, .kind = KEY_URI, .text = v->u.s});
}

static void from_place(struct key_walk *w, uint16_t param, const struct json *v)
{
    double lat, lon;
    if (!json_double(JSON_GET(v, "latitude"), &lat) ||
        !json_double(JSON_GET(v, "longitude"), &lon) || fabs(lat) > 90 || fabs(lon) > 180)
        return;
    keys_add(w, &(struct fhir_key){.param = param,
                                   .kind = KEY_PLACE,
                                   .lo = llround(lat * 1e7),
                                   .hi = llround(lon * 1e7)});
}

void keys_from(struct key_walk *w, uint16_t param, enum key_from from, const struct json *v)
{
    static const from_fn fns[KEY_FROM_COUNT] = {
        [KEY_FROM_CODING] = from_coding,
        [KEY_FROM_CONCEPT] = from_concept,
        [KEY_FROM_IDENTIFIER] = from_identifier,
        [KEY_FROM_CONTACT] = from_contact,
        [KEY_FROM_BOOL] = from_bool,
        [KEY_FROM_CODE] = from_code,
        [KEY_FROM_NAME] = from_name,
        [KEY_FROM_ADDRESS] = from_address,
        [KEY_FROM_CONCEPT_TEXT] = from_concept_text,
        [KEY_FROM_TEXT] = from_text,
        [KEY_FROM_DATE] = from_date,
        [KEY_FROM_PERIOD] = from_period,
        [KEY_FROM_TIMING] = from_timing,
        [KEY_FROM_NUMBER] = from_number,
        [KEY_FROM_RANGE] = from_range,
        [KEY_FROM_QUANTITY] = from_quantity,
        [KEY_FROM_MONEY] = from_money,
        [KEY_FROM_SAMPLED] = from_sampled,
        [KEY_FROM_REFERENCE] = from_reference,
        [KEY_FROM_RESOURCE] = from_resource,
        [KEY_FROM_LINK] = from_link,
        [KEY_FROM_URI] = from_uri,
        [KEY_FROM_PLACE] = from_place,
    };
    if (fns[from])
        fns[from](w, param, v);
}
