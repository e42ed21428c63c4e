/* See power_disk.h. One lock over all: an event is whole before the next. */
#include "power_disk.h"

#include "faulty_vfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u
#define NAMES 16u
#define PATH 256u
#define APPEND UINT64_MAX

struct change { /* of the bytes of a file */
    struct change *next;
    size_t at, n;
    bool cuts; /* at is the new length */
    unsigned char bytes[];
};
struct node {
    struct node *next; /* of all there were */
    unsigned char *disk;
    size_t n, cap;
    struct change *first, **end;
};
struct name_change {
    struct name_change *next;
    char from[32], to[32]; /* from: goes; to: becomes node */
    struct node *node;
};
struct names {
    struct {
        char name[32];
        struct node *node;
    } at[NAMES];
    size_t n;
};

static struct {
    pthread_mutex_t lock;
    char dir[PATH];
    bool on;
    struct names disk, now;
    struct node *all;
    struct name_change *first, **end;
    uint64_t rng, left;
    char name[32], to[PATH];
    bool cut;
    void (*told)(void *ctx);
    void *ctx;
} d = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t some(uint64_t below)
{
    d.rng ^= d.rng << 13;
    d.rng ^= d.rng >> 7;
    d.rng ^= d.rng << 17;
    return (d.rng >> 11) % below;
}

/* ---- names ---- */

static struct node *find(const struct names *n, const char *name)
{
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->at[i].name, name) == 0)
            return n->at[i].node;
    }
    return NULL;
}

static void set(struct names *n, const char *name, struct node *node)
{
    size_t i = 0;
    while (i < n->n && strcmp(n->at[i].name, name) != 0)
        i++;
    if (i == NAMES)
        abort();
    n->n += i == n->n;
    snprintf(n->at[i].name, sizeof n->at[i].name, "%s", name);
    n->at[i].node = node;
}

static void apply_name(struct names *n, const struct name_change *c)
{
    if (c->from[0])
        set(n, c->from, NULL);
    if (c->to[0])
        set(n, c->to, c->node);
}

static void change_name(const char *from, const char *to, struct node *node)
{
    struct name_change *c = calloc(1, sizeof *c);
    snprintf(c->from, sizeof c->from, "%s", from);
    snprintf(c->to, sizeof c->to, "%s", to);
    c->node = node;
    apply_name(&d.now, c);
    *d.end = c;
    d.end = &c->next;
}

static void sync_names(void)
{
    for (struct name_change *c = d.first, *next; c; c = next) {
        next = c->next;
        apply_name(&d.disk, c);
        free(c);
    }
    d.first = NULL;
    d.end = &d.first;
}

/* ---- bytes ---- */

static struct node *node_new(void)
{
    struct node *f = calloc(1, sizeof *f);
    f->end = &f->first;
    f->next = d.all;
    d.all = f;
    return f;
}

static void room(struct node *f, size_t n)
{
    if (n > f->cap) {
        f->cap = n > 2 * f->cap ? n : 2 * f->cap;
        f->disk = realloc(f->disk, f->cap);
    }
    if (n > f->n) {
        memset(f->disk + f->n, 0, n - f->n);
        f->n = n;
    }
}

static void apply_bytes(struct node *f, size_t at, const unsigned char *p, size_t n)
{
    room(f, at + n);
    memcpy(f->disk + at, p, n);
}

static void push(struct node *f, struct change *c)
{
    *f->end = c;
    f->end = &c->next;
}

static void sync_bytes(struct node *f)
{
    for (struct change *c = f->first, *next; c; c = next) {
        next = c->next;
        if (c->cuts)
            f->n = c->at < f->n ? c->at : f->n;
        else
            apply_bytes(f, c->at, c->bytes, c->n);
        free(c);
    }
    f->first = NULL;
    f->end = &f->first;
}

/* ---- the cut ---- */

/* Of each sector of each write, in likelihood of how in eight. */
static void apply_some(struct node *f, uint64_t how)
{
    for (const struct change *c = f->first; c; c = c->next) {
        if (c->cuts) {
            if (some(8) < how)
                f->n = c->at < f->n ? c->at : f->n;
            continue;
        }
        for (size_t at = c->at, end; at < c->at + c->n; at = end) {
            end = (at / SECTOR + 1) * SECTOR;
            end = end < c->at + c->n ? end : c->at + c->n;
            if (some(8) < how)
                apply_bytes(f, at, c->bytes + (at - c->at), end - at);
        }
    }
}

static void write_file(const char *name, struct node *f, uint64_t how)
{
    struct node copy = {.n = 0};
    char path[2 * PATH];
    if (f->n)
        apply_bytes(&copy, 0, f->disk, f->n);
    copy.first = f->first;
    apply_some(&copy, how);
    snprintf(path, sizeof path, "%s/%s", d.to, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!out || (copy.n && fwrite(copy.disk, 1, copy.n, out) != copy.n) || fclose(out) != 0)
        abort();
    free(copy.disk);
}

static void cut(void)
{
    struct names names = d.disk;
    for (const struct name_change *c = d.first; c && some(4); c = c->next)
        apply_name(&names, c);
    if (mkdir(d.to, 0700) != 0)
        abort();
    uint64_t how = some(9);
    for (size_t i = 0; i < names.n; i++) {
        if (names.at[i].node)
            write_file(names.at[i].name, names.at[i].node, how);
    }
    d.told(d.ctx);
    d.cut = true;
}

static void event(const char *name)
{
    if (d.left && (!d.name[0] || strcmp(d.name, name) == 0) && --d.left == 0)
        cut();
}

/* ---- what happens to files ---- */

/* The name in the watched folder, "" of the folder itself, NULL elsewhere or not kept. */
static const char *name_in(const char *path)
{
    size_t n = strlen(d.dir);
    if (!d.on || !path || strncmp(path, d.dir, n) != 0)
        return NULL;
    if (path[n] == 0)
        return path + n;
    if (path[n] != '/' || strstr(path, "-shm") || strcmp(path + n, "/lock") == 0)
        return NULL;
    return path + n + 1;
}

static const char *name_of(int fd, char path[PATH])
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH - 1);
    path[n < 0 ? 0 : n] = 0;
    return name_in(path);
}

static struct node *node_of(const char *name)
{
    struct node *f = find(&d.now, name);
    if (!f) {
        f = node_new();
        change_name("", name, f);
    }
    return f;
}

static void wrote(const char *name, const void *p, size_t n, uint64_t at)
{
    struct change *c = malloc(sizeof *c + n);
    struct node *f = node_of(name);
    if (at == APPEND) { /* of a file written once, from its start */
        at = f->n;
        for (const struct change *x = f->first; x; x = x->next)
            at += x->n;
    }
    *c = (struct change){.at = (size_t)at, .n = n};
    memcpy(c->bytes, p, n);
    push(f, c);
    event(name);
}

static void synced(const char *name, bool named)
{
    event(name);
    if (name[0] == 0) {
        sync_names();
    } else {
        sync_bytes(node_of(name));
        if (named) /* SQLite syncs the folder of a new log, too */
            set(&d.disk, name, node_of(name));
    }
    event(name);
}

static void v_wrote(const char *path, const void *p, size_t n, uint64_t at)
{
    pthread_mutex_lock(&d.lock);
    const char *name = name_in(path);
    if (name)
        wrote(name, p, n, at);
    pthread_mutex_unlock(&d.lock);
}

static void v_truncated(const char *path, uint64_t n)
{
    pthread_mutex_lock(&d.lock);
    const char *name = name_in(path);
    if (name) {
        struct change *c = malloc(sizeof *c);
        *c = (struct change){.at = (size_t)n, .cuts = true};
        push(node_of(name), c);
        event(name);
    }
    pthread_mutex_unlock(&d.lock);
}

static bool v_synced(const char *path)
{
    pthread_mutex_lock(&d.lock);
    const char *name = name_in(path);
    if (name)
        synced(name, true);
    pthread_mutex_unlock(&d.lock);
    return name != NULL;
}

static void p_wrote(int fd, const void *p, size_t n, uint64_t at)
{
    char path[PATH];
    pthread_mutex_lock(&d.lock);
    const char *name = name_of(fd, path);
    if (name)
        wrote(name, p, n, at);
    if (name && at != APPEND) /* the spool is opened so */
        synced(name, false);
    pthread_mutex_unlock(&d.lock);
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (d.on)
        p_wrote(fd, p, n, APPEND);
    return __real_write(fd, p, n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    char path[PATH];
    if (!d.on)
        return __real_fsync(fd);
    pthread_mutex_lock(&d.lock);
    const char *name = name_of(fd, path);
    if (name)
        synced(name, false);
    pthread_mutex_unlock(&d.lock);
    return 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    pthread_mutex_lock(&d.lock);
    const char *a = name_in(from), *b = name_in(to);
    if (a && b) {
        change_name(a, b, node_of(a));
        event(b);
    }
    int rc = __real_rename(from, to);
    pthread_mutex_unlock(&d.lock);
    return rc;
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    pthread_mutex_lock(&d.lock);
    const char *name = name_in(path);
    if (name && find(&d.now, name)) {
        change_name(name, "", NULL);
        event(name);
    }
    int rc = __real_unlink(path);
    pthread_mutex_unlock(&d.lock);
    return rc;
}

/* ---- */

static void load(const char *name)
{
    char path[2 * PATH];
    unsigned char bytes[8192];
    struct node *f = node_new();
    snprintf(path, sizeof path, "%s/%s", d.dir, name);
    FILE *in = fopen(path, "rb");
    for (size_t n; in && (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        apply_bytes(f, f->n, bytes, n);
    if (!in || fclose(in) != 0)
        abort();
    set(&d.disk, name, f);
}

void power_on(const char *dir)
{
    static const struct disk_watch watch = {v_wrote, v_truncated, v_synced, p_wrote};
    snprintf(d.dir, sizeof d.dir, "%s", dir);
    memset(&d.disk, 0, sizeof d.disk);
    d.first = NULL;
    d.end = &d.first;
    d.rng = d.rng ? d.rng : 0x2545F4914F6CDD1Du ^ (uint64_t)getpid();
    d.on = true;
    DIR *all = opendir(dir);
    for (struct dirent *e; all && (e = readdir(all));) {
        char path[2 * PATH];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && name_in(path))
            load(e->d_name);
    }
    closedir(all);
    d.now = d.disk;
    faulty_watch(&watch);
}

void power_off(void)
{
    faulty_watch(NULL);
    pthread_mutex_lock(&d.lock);
    d.on = false;
    sync_names();
    for (struct node *f = d.all, *next; f; f = next) {
        next = f->next;
        sync_bytes(f);
        free(f->disk);
        free(f);
    }
    d.all = NULL;
    pthread_mutex_unlock(&d.lock);
}

void power_cut_at(uint64_t n, const char *name, const char *to, void (*told)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&d.lock);
    snprintf(d.name, sizeof d.name, "%s", name ? name : "");
    snprintf(d.to, sizeof d.to, "%s", to);
    d.told = told;
    d.ctx = ctx;
    d.cut = false;
    d.left = n;
    pthread_mutex_unlock(&d.lock);
}

void power_cut_soon(void)
{
    pthread_mutex_lock(&d.lock);
    d.name[0] = 0;
    d.left = d.left ? 1 : 0;
    pthread_mutex_unlock(&d.lock);
}

bool power_was_cut(void)
{
    pthread_mutex_lock(&d.lock);
    bool cut = d.cut;
    pthread_mutex_unlock(&d.lock);
    return cut;
}
