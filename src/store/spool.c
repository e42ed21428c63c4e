/* The spool: a file of fixed size beside the database. Loose entries of the trail (looks) become
 * durable here with one write in place, which costs a fraction of a commit; their rows follow in
 * the writer's next commit, together for many groups. Not a second trail: only what the back end
 * does not have yet counts.
 * Frame, from a page's start: mark(8) zeros(16) length(8) first number(8) time(8) hash before(32),
 * then sealed: entries, each as size and bytes, size and key set. (weft-sp1, of schema 3: a mac for
 * the zeros, each entry packed and sealed by itself.)
 * Invariants: a frame counts when its seal fits and its first number is past the trail of the last
 * commit, so what an earlier round left is never taken for this one's; a torn frame at the end was
 * never acknowledged; one damaged in the middle leaves a gap in the numbers, which
 * store_trail_verify() names. After a failed write the file is given up: what it holds is
 * committed, then a new file is made. */
#include "base/time.h"
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#define SPOOL_BYTES ((size_t)2 << 20)
#define PAGE 4096u
#define FRAME_MAX ((size_t)512 << 10)
#define RETRY_MS 1000
#define MARK "weft-sp2"
#define MARK_OLD "weft-sp1"

struct head {
    char mark[8], mac[16], length[8], first[8], time[8], before[32];
};
#define MACED offsetof(struct head, length)
_Static_assert(sizeof(struct head) == 80, "no gaps");

static char *path_of(const struct store *s)
{
    size_t n = s->dir.n + sizeof "/spool";
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%.*s/spool", STR_ARG(s->dir));
    return path;
}

static size_t padded(size_t n)
{
    return (n + PAGE - 1) / PAGE * PAGE;
}

/* Straight to the disk where the file system can; synced by the write itself in any case. */
static int open_synced(const char *path, int flags)
{
    int fd = open(path, flags | O_DIRECT | O_DSYNC | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : open(path, flags | O_DSYNC | O_CLOEXEC, 0600);
}

static bool sync_folder(const struct store *s)
{
    char *path = path_of(s);
    if (path)
        path[s->dir.n] = 0;
    int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return good;
}

static bool room_for_frames(struct spool *sp)
{
    if (!sp->room)
        sp->room = aligned_alloc(PAGE, FRAME_MAX);
    if (!sp->arena)
        sp->arena = arena_new(4 * FRAME_MAX);
    return sp->room && sp->arena;
}

/* Zeros from end to end, so that later writes change no size and no block of the file. */
static bool make_file(struct store *s)
{
    struct spool *sp = &s->spool;
    char *path = path_of(s);
    bool good = path && room_for_frames(sp);
    if (good) {
        (void)unlink(path);
        sp->fd = open_synced(path, O_RDWR | O_CREAT | O_EXCL);
        memset(sp->room, 0, FRAME_MAX);
    }
    for (size_t at = 0; good && at < SPOOL_BYTES; at += FRAME_MAX)
        good = sp->fd >= 0 && pwrite(sp->fd, sp->room, FRAME_MAX, (off_t)at) == (ssize_t)FRAME_MAX;
    good = good && sync_folder(s);
    if (!good && path)
        (void)unlink(path);
    free(path);
    sp->at = 0;
    return good;
}

static void give_up(struct spool *sp)
{
    if (sp->fd >= 0)
        close(sp->fd);
    sp->fd = -1;
    sp->not_before = time_mono() + RETRY_MS;
}

/* A new file only when the old one holds nothing that is nowhere else. */
static bool ready(struct store *s)
{
    struct spool *sp = &s->spool;
    if (!(s->ops->capabilities & STORE_CAP_SPOOL))
        return false;
    if (sp->fd >= 0)
        return true;
    if (sp->first || time_mono() < sp->not_before)
        return false;
    if (make_file(s))
        return true;
    give_up(sp);
    return false;
}

static size_t frame_size(const struct loose *first)
{
    size_t n = sizeof(struct head) + SEAL_OVERHEAD;
    for (const struct loose *l = first; l; l = l->next)
        n += l->entry.n + l->set.n + 10;
    return n;
}

static void mac_of(const struct store *s, const char *frame, size_t n, char mac[16])
{
    blind_hash(&s->vault, STR("spool"), str_make(frame + MACED, n - MACED), (uint8_t *)mac, 16);
}

static str aad_of(const struct head *h)
{
    return str_make((const char *)h + MACED, sizeof *h - MACED);
}

static void add_sized(struct buf *b, str s)
{
    buf_varint(b, s.n);
    buf_add(b, s);
}

/* Into the room; returns the bytes to write, 0 without memory. st is the state before. */
static size_t frame_write(struct store *s, const struct state *st, const struct loose *first)
{
    struct head h = {.mark = MARK};
    struct buf plain;
    struct op op;
    str sealed = STR_NONE;
    arena_reset(s->spool.arena);
    op_init(&op, s->spool.arena, NULL, st->time);
    buf_init(&plain, op.arena, FRAME_MAX);
    for (const struct loose *l = first; l; l = l->next) {
        add_sized(&plain, l->entry);
        add_sized(&plain, l->set);
    }
    size_t n = sizeof h + plain.n + SEAL_OVERHEAD, whole = padded(n);
    u64_write(h.length, n);
    u64_write(h.first, st->trail_seq + 1);
    u64_write(h.time, (uint64_t)st->time);
    memcpy(h.before, st->trail_head, sizeof h.before);
    if (!buf_ok(&plain) || whole > FRAME_MAX ||
        seal(&op, &s->vault, OWNER_STORE, aad_of(&h), buf_str(&plain), &sealed) != OK)
        return 0;
    memcpy(s->spool.room, &h, sizeof h);
    memcpy(s->spool.room + sizeof h, sealed.p, sealed.n);
    memset(s->spool.room + n, 0, whole - n);
    return whole;
}

static void hold(struct store *s, struct loose *first)
{
    struct spool *sp = &s->spool;
    if (sp->last)
        sp->last->next = first;
    else
        sp->first = first;
    if (!sp->todo)
        sp->todo = first;
    if (sp->first == first)
        sp->since = time_mono();
    while (first->next)
        first = first->next;
    sp->last = first;
    atomic_store(&s->held, true);
}

bool spool_write(struct store *s, struct loose *first)
{
    struct spool *sp = &s->spool;
    struct state st = s->state;
    int64_t now = time_now();
    if (padded(frame_size(first)) > FRAME_MAX || !ready(s) ||
        padded(frame_size(first)) > SPOOL_BYTES - sp->at)
        return false;
    if (now > st.time)
        st.time = now;
    size_t n = frame_write(s, &st, first);
    if (!n)
        return false;
    if (pwrite(sp->fd, sp->room, n, (off_t)sp->at) != (ssize_t)n) {
        give_up(sp);
        return false;
    }
    sp->at += n;
    for (struct loose *l = first; l; l = l->next)
        trail_number(s, &st, l);
    s->state = st;
    hold(s, first);
    atomic_fetch_add(&s->spooled, 1);
    return true;
}

static void let_go(struct spool *sp)
{
    for (struct loose *l = sp->first, *next; l; l = next) {
        next = l->next;
        free(l);
    }
    sp->first = sp->last = sp->todo = NULL;
}

void spool_rewind(struct store *s)
{
    let_go(&s->spool);
    s->spool.at = 0;
    atomic_store(&s->held, false);
}

/* Nothing is left behind but what is not committed. */
void spool_close(struct store *s)
{
    struct spool *sp = &s->spool;
    char *path = sp->fd >= 0 && !sp->first ? path_of(s) : NULL;
    if (path)
        (void)unlink(path);
    free(path);
    if (sp->fd >= 0)
        close(sp->fd);
    sp->fd = -1;
    let_go(sp);
    free(sp->room);
    arena_free(sp->arena);
}

/* ---- at open ---- */

static bool take_sized(str *in, str *ret)
{
    uint64_t n = 0;
    return take_varint(in, &n) && n <= in->n && take_bytes(in, (size_t)n, ret);
}

static bool frame_open(struct op *op, struct store *s, const struct head *h, str frame, str *ret)
{
    char mac[16];
    str body = str_sub(frame, sizeof *h, SIZE_MAX);
    if (memcmp(h->mark, MARK_OLD, sizeof h->mark) == 0) {
        mac_of(s, frame.p, frame.n, mac);
        *ret = body;
        return memcmp(mac, h->mac, sizeof mac) == 0;
    }
    bool good = unseal(op, &s->vault, OWNER_STORE, aad_of(h), body, ret) == OK;
    op_clear(op);
    return good;
}

/* A whole frame at the start of in; its entries into *ret. */
static bool frame_read(struct op *op, struct store *s, str in, struct head *ret_head, str *ret)
{
    struct head h;
    if (in.n < sizeof h ||
        (memcmp(in.p, MARK, sizeof h.mark) != 0 && memcmp(in.p, MARK_OLD, sizeof h.mark) != 0))
        return false;
    memcpy(&h, in.p, sizeof h);
    uint64_t n = u64_read(h.length);
    if (n < sizeof h || n > in.n || !frame_open(op, s, &h, str_make(in.p, (size_t)n), ret))
        return false;
    *ret_head = h;
    return true;
}

/* One of schema 3 was packed and sealed by itself. */
static err open_old(struct op *op, struct store *s, str *entry)
{
    str packed = STR_NONE;
    TRY(unseal(op, &s->vault, OWNER_STORE, STR("trail"), *entry, &packed));
    return unpack(op, s->packer, packed, entry);
}

static err frame_hold(struct op *op, struct store *s, const struct head *h, str entries)
{
    struct state *st = &s->state;
    str entry = STR_NONE, set = STR_NONE;
    bool old = memcmp(h->mark, MARK_OLD, sizeof h->mark) == 0;
    if (!old || u64_read(h->first) != st->trail_seq + 1) { /* else their hashes are made anew */
        st->trail_seq = u64_read(h->first) - 1;
        memcpy(st->trail_head, h->before, sizeof st->trail_head);
    }
    if ((int64_t)u64_read(h->time) > st->time)
        st->time = (int64_t)u64_read(h->time);
    while (entries.n) {
        if (!take_sized(&entries, &entry) || !take_sized(&entries, &set))
            return damaged(op, "spool");
        if (old)
            TRY(open_old(op, s, &entry));
        struct loose *l = loose_new(entry, set);
        if (!l)
            return out_of_memory(op);
        trail_number(s, st, l);
        hold(s, l);
    }
    return OK;
}

static err load(struct op *op, struct store *s, str file)
{
    for (size_t at = 0; at < file.n;) {
        struct head h;
        str entries = STR_NONE;
        if (!frame_read(op, s, str_sub(file, at, SIZE_MAX), &h, &entries)) {
            at += PAGE;
            continue;
        }
        at += padded(u64_read(h.length));
        if (u64_read(h.first) <= s->state.trail_seq)
            continue;
        TRY(frame_hold(op, s, &h, entries));
        s->spool.at = at;
    }
    return OK;
}

static err load_file(struct op *op, struct store *s, int fd)
{
    struct spool *sp = &s->spool;
    char *bytes = aligned_alloc(PAGE, SPOOL_BYTES);
    if (!bytes || !room_for_frames(sp)) {
        free(bytes);
        return out_of_memory(op);
    }
    ssize_t n = pread(fd, bytes, SPOOL_BYTES, 0);
    err e = n < 0 ? fail(op, ERR_UNAVAILABLE, "the spool of the audit trail cannot be read")
                  : load(op, s, str_make(bytes, (size_t)n));
    free(bytes);
    if (e == OK && n == (ssize_t)SPOOL_BYTES)
        sp->fd = fd; /* to be used on; one cut short is not */
    return e;
}

err spool_load(struct op *op, struct store *s)
{
    if (!(s->ops->capabilities & STORE_CAP_SPOOL))
        return OK;
    char *path = path_of(s);
    int fd = path ? open_synced(path, O_RDWR) : -1;
    int why = errno;
    free(path);
    if (fd < 0 && why == ENOENT)
        return OK;
    if (fd < 0)
        return fail(op, ERR_UNAVAILABLE, "the spool of the audit trail cannot be opened");
    err e = load_file(op, s, fd);
    if (s->spool.fd < 0)
        close(fd);
    return e;
}
