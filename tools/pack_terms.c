/* Build tool: spec/terms (one FHIR resource a line) to the one block that is linked into weft.
 *
 *     weft_pack_terms OUT FILE…
 */
#include "terms/build_int.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOBS_MAX 10000u

static str read_all(struct arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buf b;
    buf_init(&b, a, 1u << 30);
    char part[65536];
    for (size_t n; f && (n = fread(part, 1, sizeof part, f)) > 0;)
        buf_add(&b, str_make(part, n));
    if (!f || ferror(f) || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    return buf_str(&b);
}

static void stop(const struct op *op, const char *path, unsigned line)
{
    for (size_t i = 0; i < op->fault.n; i++)
        fprintf(stderr, "%s:%u: %.*s\n", path, line, STR_ARG(op->fault.issues[i].message));
    exit(1);
}

static size_t pack_file(struct op *op, const char *path, str *blobs, size_t n)
{
    str text = read_all(op->arena, path), line;
    for (unsigned at = 1; str_take_until(&text, '\n', &line); at++) {
        struct json *resource;
        if (!line.n || str_starts(line, STR("{\"note\"")))
            continue;
        if (n == BLOBS_MAX || json_read(op, line, &JSON_LIMITS_DEFAULT, &resource) != OK ||
            terms_compile(op, resource, 1u << 28, &blobs[n]) != OK)
            stop(op, path, at);
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new((size_t)2 << 30);
    str *blobs = a ? ARENA_ARRAY(a, str, BLOBS_MAX) : NULL, out;
    struct op op;
    size_t n = 0;
    if (!blobs || argc < 3)
        return 2;
    op_init(&op, a, NULL, 0);
    for (int i = 2; i < argc; i++)
        n = pack_file(&op, argv[i], blobs, n);
    if (archive_make(&op, blobs, n, &out) != OK)
        stop(&op, argv[1], 0);
    FILE *f = fopen(argv[1], "wb");
    bool good = f && fwrite(out.p, 1, out.n, f) == out.n;
    if (f)
        good = fclose(f) == 0 && good;
    arena_free(a);
    return good ? 0 : 1;
}
