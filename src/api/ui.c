/* The web apps: files embedded in the binary (or, for development, from --web-dir), immutable when
 * their name carries a hash; any other address under /console or /portal is the app's shell, so
 * that an address alone rebuilds a screen. */
#include "api/ui_int.h"

#include "api/api_int.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (32u << 20)

err api_root(struct call *c)
{
    c->rq->answer.status = 302;
    net_answer_header(c->rq, "Location", "/console");
    return OK;
}

static const struct ui_file *find(str path)
{
    for (size_t i = 0; i < ui_n_files; i++)
        if (str_eq(str_of(ui_files[i].path), path))
            return &ui_files[i];
    return NULL;
}

static err send_file(struct call *c, const struct ui_file *f)
{
    struct net_answer *a = &c->rq->answer;
    net_answer_header(c->rq, "Cache-Control",
                      f->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    net_answer_header(c->rq, "ETag", f->etag);
    net_answer_header(c->rq, "Vary", "Accept-Encoding");
    a->plain = true;
    a->status = 200;
    if (str_eq(net_header(c->rq, "If-None-Match"), str_of(f->etag))) {
        a->status = 304;
        return OK;
    }
    a->type = str_of(f->type);
    a->body = str_make(ui_blob + f->raw_at, f->raw_n);
    if (f->gzip_n && net_takes_gzip(c->rq)) {
        a->body = str_make(ui_blob + f->gzip_at, f->gzip_n);
        a->encoding = "gzip";
    }
    return OK;
}

static bool path_safe(str path)
{
    for (size_t i = 0; i < path.n; i++) {
        char ch = path.p[i];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                  (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.' || ch == '/';
        if (!ok)
            return false;
    }
    return str_find(path, STR(".."), 0) == SIZE_MAX;
}

static const char *type_of(str path)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".svg", "image/svg+xml"},
                                           {".woff2", "font/woff2"},
                                           {".png", "image/png"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_ends(path, str_of(types[i][0])))
            return types[i][1];
    return "application/octet-stream";
}

/* False when there is no such file. */
static bool send_from_disk(struct call *c, str path)
{
    struct net_answer *a = &c->rq->answer;
    struct stat st;
    if (!path_safe(path))
        return false;
    int fd = open(str_z(c->op.arena, arena_cat(c->op.arena, c->api->web_dir, path)),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)FILE_MAX;
    size_t n = ok ? (size_t)st.st_size : 0;
    char *p = arena_alloc(c->op.arena, n + 1);
    ok = ok && p && read(fd, p, n) == (ssize_t)n;
    close(fd);
    if (!ok)
        return false;
    net_answer_header(c->rq, "Cache-Control", "no-store");
    a->status = 200;
    a->body = str_make(p, n);
    a->type = str_of(type_of(path));
    return true;
}

static bool send_path(struct call *c, str path)
{
    if (c->api->web_dir.n)
        return send_from_disk(c, path);
    const struct ui_file *f = find(path);
    return f && send_file(c, f) == OK;
}

/* A name with an ending is a file; anything else is a screen. */
static bool is_file(str path)
{
    size_t dot = SIZE_MAX;
    for (size_t i = 0; i < path.n; i++)
        dot = path.p[i] == '.' ? i : path.p[i] == '/' ? SIZE_MAX : dot;
    return dot != SIZE_MAX;
}

err api_ui(struct call *c)
{
    str path = c->rq->path;
    str app = str_starts(path, STR("/console")) ? STR("/console") : STR("/portal");
    if (is_file(path))
        return send_path(c, path) ? OK : fail(&c->op, ERR_NOT_FOUND, "There is no such file.");
    if (send_path(c, arena_cat(c->op.arena, app, STR("/index.html"))))
        return OK;
    return fail(&c->op, ERR_NOT_FOUND,
                "This build carries no web apps: run npm ci and npm run build in web/, then build "
                "again.");
}
