/* Profiles and invariants of FHIR R4: a StructureDefinition compiled once into a compact tree, and
 * the judging of tagged trees by such trees and by the invariants of the base types.
 *
 * Pure: profiles, referenced resources and codes are asked of the caller's surroundings. Compiled
 * things are immutable and may be shared by threads; they live in the arena they were made in.
 * Source: http://hl7.org/fhir/R4/profiling.html, http://hl7.org/fhir/R4/elementdefinition.html */
#ifndef WEFT_FHIR_PROFILE_H
#define WEFT_FHIR_PROFILE_H

#include "fhir/fhir.h"
#include "fhir/terms.h"

struct fhir_profile;
#define FHIR_PROFILE_ELEMENTS_MAX 5000u /* of one definition; ERR_TOO_LARGE past it */
#define FHIR_PROFILE_CHAIN_MAX 16u      /* profiles built on profiles */

/* The canonical of the definition that one without a snapshot builds on; empty when it has a
 * snapshot or builds on a base type, so that compiling needs nothing else. */
str fhir_profile_needs(const struct json *definition);
/* A chain of StructureDefinition (constraint) trees: each but the first builds on the one before
 * (fhir_profile_needs()), the last is the profile. A snapshot is taken as it is, a differential is
 * laid over what it builds on. Everything kept is copied into keep. ERR_UNPROCESSABLE with the
 * element's id where a definition cannot be understood: no rule is left out silently. ERR_TOO_LARGE
 * past FHIR_PROFILE_ELEMENTS_MAX. */
MUST err fhir_profile_compile(struct op *op, struct arena *keep,
                              const struct json *const *definitions, size_t n,
                              const struct fhir_profile **ret);
str fhir_profile_url(const struct fhir_profile *p);
/* Type it constrains, as its name: "Observation", "Extension", "Quantity". */
str fhir_profile_type(const struct fhir_profile *p);
/* JSON text of a definition that is shipped (spec/profiles), by canonical url with or without
 * |version (which must then be the shipped one); STR_NONE when there is none. */
str fhir_profile_shipped(str canonical);
/* The i-th shipped one's url; STR_NONE past the last. */
str fhir_profile_shipped_at(size_t i);

/* The invariants and non-required bindings of the base types, compiled. */
struct fhir_rules;
MUST err fhir_rules_compile(struct op *op, struct arena *keep, const struct fhir_rules **ret);
/* Number of invariants. */
size_t fhir_rules_count(const struct fhir_rules *r);

/* Surroundings of a check; every member may be absent. */
struct fhir_profile_env {
    const struct fhir_rules *rules; /* NULL: invariants of the base types are not looked at */
    const struct fhir_terms *terms; /* NULL: only the required sets of R4 itself are known */
    /* Canonical to a compiled profile; *ret stays NULL when it is not to be had. */
    err (*profile)(struct op *op, void *ctx, str canonical, const struct fhir_profile **ret);
    /* As fhir_path_env.resolve. */
    err (*resolve)(struct op *op, void *ctx, str reference, struct json **ret);
    void *ctx;
    struct arena *scratch; /* the caller's, for many checks one after another: it is reset */
    bool unknown_is_error; /* an unknown profile is an error, else a warning */
    bool errors_only;      /* warnings and information are not made */
    bool must_support;     /* absent must-support elements are told as information */
};
/* Judges a tagged tree (fhir_validate() has said what it thinks of its structure) by the invariants
 * and by profiles: those given for the resource itself, and those that it, the resources of a
 * Bundle and contained ones claim in meta.profile; extensions by their url. Problems go to
 * op->fault as errors with FHIRPath, text, [constraint key, profile url]; ERR_UNPROCESSABLE when
 * there is one. Memory: what is evaluated lives in an arena of its own and goes with every step.
 * ERR_TOO_COSTLY past a number of steps. */
MUST err fhir_profile_check(struct op *op, const struct fhir_profile_env *env,
                            struct json *resource, const str *profiles, size_t n);

#endif
