/* For the tests of this room only: files of the source, and the shared bundles line by line. */
#ifndef WEFT_FHIR_FIXTURE_H
#define WEFT_FHIR_FIXTURE_H

#include "base/buf.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#define FIXTURE_LINE_MAX (16u << 20)

/* The whole of a file, which must be there. */
static inline str fixture_file(struct arena *a, const char *path)
{
    struct buf b;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buf_init(&b, a, 4u << 20);
    for (size_t got = 1; got; buf_commit(&b, got)) {
        char *to = buf_reserve(&b, 65536);
        assert_non_null(to);
        got = fread(to, 1, 65536, f);
    }
    assert_int_equal(fclose(f), 0);
    return buf_str(&b);
}

/* fn for every Bundle of one shared file; how many there were. */
static inline size_t fixture_bundles(const char *shared, const char *name,
                                     void (*fn)(void *ctx, str text), void *ctx)
{
    char command[4096];
    int n =
        snprintf(command, sizeof command, "gunzip -c '%s/data/fhir/%s' 2>/dev/null", shared, name);
    char *line = malloc(FIXTURE_LINE_MAX);
    FILE *in = n > 0 && (size_t)n < sizeof command ? popen(command, "r") : NULL;
    size_t lines = 0;
    assert_non_null(line);
    for (; in && fgets(line, FIXTURE_LINE_MAX, in); lines++)
        fn(ctx, str_of(line));
    if (in)
        (void)pclose(in);
    free(line);
    return lines;
}

/* All of them, from the folder WEFT_SHARED or the one beside the source; false when they are not
 * there, which is told. */
static inline bool fixture_all_bundles(const char *source, void (*fn)(void *ctx, str text),
                                       void *ctx)
{
    static const char *const names[] = {"hf49.bundles.ndjson.gz", "other100.bundles.ndjson.gz"};
    const char *set = getenv("WEFT_SHARED");
    char beside[1024];
    snprintf(beside, sizeof beside, "%s/../shared", source);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!fixture_bundles(set ? set : beside, names[i], fn, ctx)) {
            print_message("SKIPPED: the shared bundles are not here (set WEFT_SHARED)\n");
            return false;
        }
    return true;
}

#endif
