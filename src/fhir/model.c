/* Lookups in the generated model tables: types, members, words. No trees here.
 * Invariant: fhir_hash_of() equals hash_of() of tools/gen_fhir.py (model_test.c looks every name of
 * the tables up; little-endian machines only). Slots are at most half full, so every search meets a
 * free one. */
#include "fhir_int.h"

uint32_t fhir_hash_of(str s)
{
    uint64_t x = 0, y = 0;
    if (s.n >= 8) {
        memcpy(&x, s.p, 8);
        memcpy(&y, s.p + s.n - 8, 8);
    } else if (s.n >= 4) {
        memcpy(&x, s.p, 4);
        memcpy(&y, s.p + s.n - 4, 4);
    } else if (s.n) {
        x = (uint8_t)s.p[0] | (uint64_t)(uint8_t)s.p[s.n / 2] << 8 |
            (uint64_t)(uint8_t)s.p[s.n - 1] << 16;
    }
    uint64_t h = (x * 0x9E3779B97F4A7C15u) ^ (y * 0xC2B2AE3D27D4EB4Fu + s.n);
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    return (uint32_t)(h >> 32);
}

uint16_t fhir_row_find(uint16_t type, str member)
{
    const struct fhir_hash *h = &fhir_models[type].hash;
    uint32_t mask = (1u << h->bits) - 1;
    uint32_t i = fhir_hash_of(member) >> (32 - h->bits);
    for (uint16_t row; (row = fhir_slots[h->at + i]); i = (i + 1) & mask)
        if (str_eq(fhir_word(fhir_rows[row].name), member))
            return row;
    return 0;
}

uint16_t fhir_model_find(str name)
{
    const struct fhir_hash *h = &fhir_model_hash;
    uint32_t mask = (1u << h->bits) - 1;
    uint32_t i = fhir_hash_of(name) >> (32 - h->bits);
    for (uint16_t type; (type = fhir_slots[h->at + i]); i = (i + 1) & mask)
        if (str_eq(fhir_word(fhir_models[type].name), name))
            return type;
    return 0;
}

uint16_t fhir_word_find(str name)
{
    const struct fhir_hash *h = &fhir_word_hash;
    uint32_t mask = (1u << h->bits) - 1;
    uint32_t i = fhir_hash_of(name) >> (32 - h->bits);
    for (uint16_t word; (word = fhir_slots[h->at + i]); i = (i + 1) & mask)
        if (str_eq(fhir_word(word), name))
            return word;
    return 0;
}

bool fhir_is_a(uint16_t type, uint16_t base)
{
    while (type && type != base)
        type = fhir_models[type].base;
    return type == base && type != 0;
}

str fhir_type_name(fhir_type t)
{
    return t <= FHIR_TYPE_COUNT ? fhir_word(fhir_models[t].name) : STR("");
}

fhir_type fhir_type_parse(str name)
{
    uint16_t type = fhir_model_find(name);
    return type <= FHIR_TYPE_COUNT ? type : 0;
}

fhir_type fhir_type_of(const struct json *resource)
{
    return fhir_type_parse(json_get_str(resource, STR("resourceType")));
}
