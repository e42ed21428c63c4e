/* FHIR operations over the record that are more than one read or search: $everything, $lastn,
 * $stats, $meta, $match, $document. Same law as record.h: policy is asked for every document shown
 * or counted, the trail has its line before the answer leaves, all results live in op->arena. */
#ifndef WEFT_RECORD_OPERATIONS_H
#define WEFT_RECORD_OPERATIONS_H

#include "record/record.h"

/* ---- $everything (http://hl7.org/fhir/R4/patient-operation-everything.html) ---- */
#define RECORD_EVERYTHING_MAX 10000u
struct record_everything {
    fhir_type type; /* Patient or Encounter */
    str id;
    const fhir_type *types; /* only these; n_types 0 = all */
    size_t n_types;
    int64_t since;      /* ms: changed at or after; INT64_MIN = ever */
    int64_t start, end; /* ms: care dates in [start, end); INT64_MIN and INT64_MAX = any */
    uint32_t count;     /* 1 … RECORD_EVERYTHING_MAX a page; a page also ends at 32 MiB */
    str self;           /* the parameters as text, without _page: what a position belongs to */
    str page;           /* position, or empty */
};
/* The subject first, then what its compartment holds (and what names it) by type and number, then
 * what those point at and no Patient compartment holds, one level (page->n_match on). Nothing
 * twice; all pages show the first page's moment. Errors as record_read() and record_search(). */
MUST err record_everything(struct op *op, struct record *rec, const struct record_everything *q,
                           struct record_page *ret);

/* ---- $lastn (http://hl7.org/fhir/R4/observation-operation-lastn.html) ---- */
/* query: search text of Observation that names a patient or subject; the newest max of every code
 * by effective time (more where times are equal), groups in the order of their newest. */
MUST err record_lastn(struct op *op, struct record *rec, str query, uint32_t max,
                      struct record_page *ret);

/* ---- $stats (http://hl7.org/fhir/R4/observation-operation-stats.html) ---- */
struct record_stats {
    str subject;      /* "Patient/id" or an id */
    const str *codes; /* "system|code" or "code" */
    size_t n_codes;
    int64_t start, end;    /* ms: effective in [start, end); INT64_MIN, INT64_MAX = any */
    const str *statistics; /* codes of observation-statistics */
    size_t n_statistics;
    bool include;   /* the observations too */
    uint32_t limit; /* of those; 0 = all */
};
/* One Observation a code with a component a statistic; sources: what was counted, newest first.
 * ERR_UNPROCESSABLE when values of one code have different units. */
MUST err record_stats(struct op *op, struct record *rec, const struct record_stats *q,
                      struct json **ret_parameters);

/* ---- $meta (http://hl7.org/fhir/R4/resource-operation-meta.html) ---- */
/* The Meta of a document. */
MUST err record_meta(struct op *op, const struct record_doc *doc, struct json **ret);
/* Profiles, tags and security labels that resources of the type (0 = any) have and the actor may
 * see. ERR_TOO_COSTLY past 1,000 of a kind and type. */
MUST err record_meta_all(struct op *op, struct record *rec, fhir_type type, struct json **ret);
struct record_meta_edit {
    fhir_type type;
    str id, if_match;
    const struct json *meta; /* profiles, tags and labels to add or to take away */
    bool take_away;
};
/* A new version, when that changes anything; otherwise the one that is there. */
MUST err record_meta_change(struct op *op, struct record *rec, const struct record_meta_edit *edit,
                            struct record_doc *ret);

/* ---- $match (http://hl7.org/fhir/R4/patient-operation-match.html) ---- */
enum record_grade { GRADE_CERTAINLY_NOT, GRADE_POSSIBLE, GRADE_PROBABLE, GRADE_CERTAIN };
struct record_agreement {
    str element, level; /* rows of spec/record/match.csv */
    double weight;      /* bits for (or against) one person */
};
struct record_matched {
    struct record_doc doc;
    double score; /* 0 … 1 */
    enum record_grade grade;
    const struct record_agreement *why;
    size_t n_why;
};
/* Patients that the actor may search and that may be the one described, best first, at most max;
 * certainly-not ones are left out. ERR_INVALID when the description has too little to look for.
 * Looks at no more than a few hundred, found by identifiers, names and dates, never at all. */
MUST err record_match(struct op *op, struct record *rec, const struct json *patient, size_t max,
                      struct record_matched **ret, size_t *ret_n);

/* ---- $document (http://hl7.org/fhir/R4/composition-operation-document.html) ---- */
/* The Composition, its subject, and what else it names, each once. ERR_UNPROCESSABLE naming the
 * place of what is not there or may not be seen. */
MUST err record_document(struct op *op, struct record *rec, str id, struct record_doc **ret,
                         size_t *ret_n);

/* ---- accounting of disclosures ---- */
/* What left the house of one patient since from, newest first (disclosures.c): who (an account,
 * "Subscription/…"), code, detail: what; role: the purpose. To the patient and to whom may verify
 * the trail. */
struct record_disclosed {
    int64_t from;    /* ms */
    uint64_t before; /* entries before this one alone; 0: from the newest on */
    size_t max;      /* lines of the trail looked at by each of two keys; 0: 200,000 */
    struct record_event *at;
    size_t n;
    uint64_t next; /* where to go on (before); 0: that was all */
};
MUST err record_disclosures(struct op *op, struct record *rec, str patient,
                            struct record_disclosed *io);

/* May this version be hidden from somebody for what it names, a bill that its patient keeps? */
bool record_names_shared(struct op *op, struct record *rec, uint64_t rid, uint32_t vid);

#endif
