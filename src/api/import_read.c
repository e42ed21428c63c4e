/* Reading for weft import: .json files whole, .ndjson (also .gz) line by line, in order, through a
 * bounded queue. Knows no FHIR. Invariant: memory is bounded by the queue and the longest text. */
#include "api/import_int.h"

#include <sys/stat.h>
#include <zlib.h>

#define QUEUE_BYTES (48u << 20)
#define TEXT_MAX (64u << 20) /* what JSON is read from at most */

void import_queue_init(struct import_queue *q)
{
    *q = (struct import_queue){0};
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->moved, NULL);
}

void import_queue_done(struct import_queue *q)
{
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->moved);
}

void import_text_free(struct import_text *t)
{
    if (t)
        free(t->source);
    free(t);
}

void import_put(struct import_queue *q, struct import_text *t)
{
    pthread_mutex_lock(&q->lock);
    while (q->bytes > QUEUE_BYTES)
        pthread_cond_wait(&q->moved, &q->lock);
    t->next = NULL;
    if (q->last)
        q->last->next = t;
    else
        q->first = t;
    q->last = t;
    q->bytes += t->n;
    pthread_cond_broadcast(&q->moved);
    pthread_mutex_unlock(&q->lock);
}

struct import_text *import_take(struct import_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->first && !q->closed)
        pthread_cond_wait(&q->moved, &q->lock);
    struct import_text *t = q->first;
    if (t) {
        q->first = t->next;
        if (!q->first)
            q->last = NULL;
        q->bytes -= t->n;
        pthread_cond_broadcast(&q->moved);
    }
    pthread_mutex_unlock(&q->lock);
    return t;
}

void import_close(struct import_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->moved);
    pthread_mutex_unlock(&q->lock);
}

struct reader {
    struct import *im;
    const char *file;
    gzFile gz;
    struct import_text *text; /* being filled */
    size_t cap;
    bool over;             /* it is too long: the rest of it is read past */
    uint64_t line, before; /* bytes of the files before */
};

static bool room(struct reader *r, size_t more)
{
    size_t have = r->text ? r->text->n : 0;
    if (r->text && have + more <= r->cap)
        return true;
    size_t cap = (have + more) * 2 + 4096;
    struct import_text *t = realloc(r->text, sizeof *t + cap);
    if (!t)
        return false;
    if (!r->text)
        *t = (struct import_text){0};
    r->text = t;
    r->cap = cap;
    return true;
}

static bool add(struct reader *r, str s)
{
    r->over = r->over || (r->text ? r->text->n : 0) + s.n > TEXT_MAX;
    if (s.n == 0 || r->over)
        return true;
    if (!room(r, s.n))
        return false;
    memcpy(r->text->p + r->text->n, s.p, s.n);
    r->text->n += s.n;
    return true;
}

static void source_of(const struct reader *r, bool lines, char source[4200])
{
    if (lines)
        snprintf(source, 4200, "%.4096s:%llu", r->file, (unsigned long long)r->line);
    else
        snprintf(source, 4200, "%.4096s", r->file);
}

static void told_long(struct reader *r, const char *source)
{
    struct issue i = {
        .code = ERR_TOO_LARGE,
        .message = STR("The text is longer than 64 MiB, the most that is read at once; split it.")};
    struct fault f = {.code = ERR_TOO_LARGE, .n = 1, .issues = &i};
    r->over = false;
    import_told(r->im, source, &f);
}

/* The text is whole: blank ones are dropped, others go on. */
static bool finish(struct reader *r, bool lines)
{
    struct import_text *t = r->text;
    char source[4200];
    r->text = NULL;
    r->cap = 0;
    source_of(r, lines, source);
    if (r->over) {
        free(t);
        told_long(r, source);
        return true;
    }
    if (!t || str_empty(str_trim(str_make(t->p, t->n)))) {
        free(t);
        return true;
    }
    t->source = strdup(source);
    if (!t->source) {
        free(t);
        return false;
    }
    atomic_fetch_add(&r->im->queued, t->n);
    import_put(&r->im->queue, t);
    return true;
}

static bool take_chunk(struct reader *r, str chunk, bool lines)
{
    while (lines && chunk.n) {
        size_t end = str_find_char(chunk, '\n', 0);
        if (end == SIZE_MAX)
            break;
        if (!add(r, str_sub(chunk, 0, end)) || !finish(r, true))
            return false;
        r->line++;
        chunk = str_sub(chunk, end + 1, chunk.n);
    }
    return add(r, chunk);
}

static bool complain(const struct reader *r, const char *what)
{
    fprintf(stderr, "weft import: %s: %s\n", r->file, what);
    return false;
}

static bool read_file(struct reader *r, bool lines)
{
    char chunk[65536];
    int n = 0;
    r->line = 1;
    while (!atomic_load(&r->im->stop) && (n = gzread(r->gz, chunk, sizeof chunk)) > 0) {
        if (!take_chunk(r, str_make(chunk, (size_t)n), lines))
            return complain(r, "no memory left");
        atomic_store(&r->im->bytes_read, r->before + (uint64_t)gzoffset(r->gz));
    }
    int code = Z_OK;
    (void)gzerror(r->gz, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        return complain(r, "cannot be read to its end (damaged or cut short)");
    return finish(r, lines) || complain(r, "no memory left");
}

uint64_t import_size(int n, char **files)
{
    uint64_t all = 0;
    for (int i = 0; i < n; i++) {
        struct stat st;
        if (stat(files[i], &st) == 0)
            all += (uint64_t)st.st_size;
    }
    return all;
}

/* Of the bytes read, those whose texts are done. */
double import_part(struct import *im)
{
    double all = (double)im->bytes_all, queued = (double)atomic_load(&im->queued);
    if (all <= 0 || queued <= 0)
        return 0;
    return (double)atomic_load(&im->bytes_read) / all * ((double)atomic_load(&im->done) / queued);
}

bool import_read(struct import *im, int n, char **files)
{
    bool ok = true;
    for (int i = 0; i < n && ok && !atomic_load(&im->stop); i++) {
        struct reader r = {.im = im, .file = files[i], .before = import_size(i, files)};
        str name = str_of(files[i]);
        bool lines = str_ends(name, STR(".ndjson")) || str_ends(name, STR(".ndjson.gz"));
        r.gz = gzopen(files[i], "re");
        if (!r.gz) {
            ok = complain(&r, "cannot be opened");
            break;
        }
        (void)gzbuffer(r.gz, 256u << 10);
        ok = read_file(&r, lines);
        (void)gzclose(r.gz);
        import_text_free(r.text);
    }
    return ok;
}
