/* The tables behind consent.c and label.c, made from spec/rules by tools/gen_consent.py. */
#ifndef WEFT_POLICY_CONSENT_INT_H
#define WEFT_POLICY_CONSENT_INT_H

#include "policy/consent.h"

enum consent_bound { BOUND_FREE, BOUND_DENIED, BOUND_SHARED };
struct consent_role {
    enum consent_bound bound;
    bool emergency, relation;
    const char *rule, *citation, *why;
};
struct role_purposes {
    enum purpose first; /* when nobody says */
    unsigned may;       /* by enum purpose */
};
extern const struct role_purposes policy_role_purposes[ROLE_COUNT];
struct consent_purpose_row {
    const char *code;
    unsigned yes, maybe;
};
struct label_row {
    const char *name;
    bool restricted, named;
    const char *of; /* the type that is for some roles only, */
    unsigned only;  /* and these; 0: for all who are cleared */
};
struct label_code {
    const char *code, *system;
    uint8_t label;
    bool begins;
};
extern const struct consent_role consent_roles[ROLE_COUNT + 1];
extern const struct consent_purpose_row consent_purposes[];
extern const size_t consent_n_purposes;
extern const struct label_row label_rows[];
extern const size_t label_n_rows;
/* by code, then by system */
extern const struct label_code label_codes[];
extern const size_t label_n_codes, label_longest;
extern const unsigned label_table_version;

#endif
