/* For the record's tests only: a record over either back end, actors of the usual roles, and short
 * forms of create, read and search. */
#ifndef WEFT_RECORD_FIXTURE_INT_H
#define WEFT_RECORD_FIXTURE_INT_H

#include "record/record_int.h"

#include "base/test.h"
#include "base/time.h"

#include <pthread.h>

struct fixture {
    enum store_backend backend;
    char dir[TEST_FOLDER_MAX];
    struct arena *arena, *keep;
    struct op op;
    struct store *store;
    struct record *rec;
    struct actor system, nurse, agent, privacy, patient, device, nobody;
};

static inline void fixture_as(struct fixture *f, const struct actor *who)
{
    op_init(&f->op, f->arena, who, time_now());
}

static inline struct actor fixture_actor(enum role role, const char *user)
{
    return (struct actor){.role = role,
                          .purpose = role_purpose(role),
                          .user = str_of(user),
                          .session = STR("s1"),
                          .strong = true};
}

static inline struct fixture *fixture_new(enum store_backend backend)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->backend = backend;
    f->arena = arena_new(0);
    f->keep = arena_new(0);
    test_folder(f->dir);
    f->system = fixture_actor(ROLE_SYSTEM, "system");
    f->nurse = fixture_actor(ROLE_NURSE, "nurse.ada");
    f->agent = fixture_actor(ROLE_AGENT, "agent.bo");
    f->privacy = fixture_actor(ROLE_PRIVACY, "privacy.cy");
    f->patient = fixture_actor(ROLE_PATIENT, "patient.di");
    f->device = fixture_actor(ROLE_DEVICE, "device.ed");
    fixture_as(f, &f->system);
    struct store_options o = {.backend = backend, .dir = str_of(f->dir)};
    assert_int_equal(store_create(&f->op, &o), OK);
    assert_int_equal(store_open(&f->op, &o, &f->store), OK);
    assert_int_equal(record_new(&f->op, f->store, NULL, &f->rec), OK);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    record_free(f->rec);
    store_close(f->store);
    test_folder_drop(f->dir);
    arena_free(f->arena);
    arena_free(f->keep);
    free(f);
}

static inline struct json *fixture_tree(struct fixture *f, const char *text)
{
    struct json *tree;
    str copy = arena_str(f->keep, str_of(text));
    err e = fhir_read(&f->op, copy, 0, &tree);
    for (size_t i = 0; e != OK && i < f->op.fault.n; i++)
        print_message("%.*s: %.*s\n", STR_ARG(f->op.fault.issues[i].expression),
                      STR_ARG(f->op.fault.issues[i].message));
    assert_int_equal(e, OK);
    return tree;
}

/* Creates as the current actor; the result says how it went. */
static inline err fixture_try(struct fixture *f, const char *text, struct record_result *ret)
{
    struct json *tree = fixture_tree(f, text);
    return record_create(&f->op, f->rec, tree, STR_NONE, ret);
}

/* Must work; returns "Type/id" in the keeping arena. */
static inline const char *fixture_make(struct fixture *f, const char *text)
{
    struct record_result r = {0};
    err e = fixture_try(f, text, &r);
    for (size_t i = 0; e != OK && i < f->op.fault.n; i++)
        print_message("%.*s: %.*s\n", STR_ARG(f->op.fault.issues[i].expression),
                      STR_ARG(f->op.fault.issues[i].message));
    assert_int_equal(e, OK);
    return str_z(f->keep, arena_printf(f->keep, "%.*s/%.*s", STR_ARG(fhir_type_name(r.type)),
                                       STR_ARG(r.id)));
}

static inline const char *fixture_text(struct fixture *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline const char *fixture_text(struct fixture *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str s = arena_vprintf(f->keep, fmt, ap);
    va_end(ap);
    return str_z(f->keep, s);
}

static inline const char *fixture_patient(struct fixture *f, const char *family)
{
    return fixture_make(
        f,
        fixture_text(f, "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"%s\"}]}", family));
}

static inline const char *fixture_weight(struct fixture *f, const char *patient, const char *kg,
                                         const char *when)
{
    return fixture_make(
        f, fixture_text(
               f,
               "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{"
               "\"system\":\"http://loinc.org\",\"code\":\"29463-7\"}]},\"subject\":{"
               "\"reference\":\"%s\"},\"effectiveDateTime\":\"%s\",\"valueQuantity\":{\"value\":%s,"
               "\"unit\":\"kg\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"kg\"}}",
               patient, when, kg));
}

static inline str fixture_id(const char *reference)
{
    str s = str_of(reference);
    size_t slash = str_find_char(s, '/', 0);
    return str_sub(s, slash + 1, s.n);
}

static inline err fixture_read(struct fixture *f, const char *reference, struct record_doc *ret)
{
    str s = str_of(reference);
    return record_read(&f->op, f->rec, fhir_type_parse(str_sub(s, 0, str_find_char(s, '/', 0))),
                       fixture_id(reference), ret);
}

static inline uint64_t fixture_rid(struct fixture *f, const char *reference)
{
    str s = str_of(reference);
    uint64_t rid;
    assert_int_equal(record_resolve(&f->op, f->rec,
                                    fhir_type_parse(str_sub(s, 0, str_find_char(s, '/', 0))),
                                    fixture_id(reference), &rid),
                     OK);
    return rid;
}

/* Number of matches on the first page; -1 and the error kept in op when refused. */
static inline int fixture_count(struct fixture *f, const char *type, const char *query)
{
    struct record_page page;
    op_clear(&f->op);
    if (record_find(&f->op, f->rec, fhir_type_parse(str_of(type)), str_of(query), &page) != OK)
        return -1;
    return (int)page.n_match;
}

static inline bool fixture_told(const struct fixture *f, const char *path)
{
    for (size_t i = 0; i < f->op.fault.n; i++)
        if (str_find(f->op.fault.issues[i].expression, str_of(path), 0) != SIZE_MAX)
            return true;
    return false;
}

/* Lines of the trail so far. */
static inline uint64_t fixture_lines(struct fixture *f)
{
    struct store_trail_entry *e;
    size_t n;
    struct arena *a = arena_new(0);
    struct op op;
    op_init(&op, a, &f->system, time_now());
    if (f->op.audit.last)
        assert_int_equal(store_trail_wait(&op, f->store, f->op.audit), OK);
    assert_int_equal(store_trail_find(&op, f->store, NULL, UINT64_MAX, 1, &e, &n), OK);
    uint64_t seq = n ? e[0].seq : 0;
    arena_free(a);
    return seq;
}

/* Threads that do the same at the same time: run gets a racer, waits at start for the others. */
#define FIXTURE_RACERS_MAX 8u
struct racer {
    struct fixture *f;
    pthread_barrier_t *start;
    unsigned created, failed;
};

/* None may fail; how many were created by all. */
static inline unsigned fixture_race(struct fixture *f, unsigned n, void *(*run)(void *))
{
    pthread_t threads[FIXTURE_RACERS_MAX];
    struct racer racers[FIXTURE_RACERS_MAX];
    pthread_barrier_t start;
    unsigned created = 0;
    assert_true(n <= FIXTURE_RACERS_MAX);
    pthread_barrier_init(&start, NULL, n);
    for (unsigned i = 0; i < n; i++) {
        racers[i] = (struct racer){.f = f, .start = &start};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &racers[i]), 0);
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        created += racers[i].created;
        assert_int_equal(racers[i].failed, 0);
    }
    pthread_barrier_destroy(&start);
    return created;
}

static inline int fixture_setup_memory(void **state)
{
    *state = fixture_new(STORE_MEMORY);
    return 0;
}

static inline int fixture_setup_sqlite(void **state)
{
    *state = fixture_new(STORE_SQLITE);
    return 0;
}

static inline int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* One test, both back ends. */
#define BOTH_BACKENDS(test)                                                                        \
    {"memory " #test, test, fixture_setup_memory, fixture_teardown, NULL},                         \
    {                                                                                              \
        "sqlite " #test, test, fixture_setup_sqlite, fixture_teardown, NULL                        \
    }

#endif
