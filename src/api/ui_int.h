/* The embedded web apps: an index into one blob (tools/embed_ui.py). */
#ifndef WEFT_UI_INT_H
#define WEFT_UI_INT_H

#include <stdbool.h>
#include <stddef.h>

struct ui_file {
    const char *path, *type, *etag;
    size_t raw_at, raw_n, gzip_at, gzip_n; /* gzip_n 0: raw only */
    bool hashed;                           /* its name changes with its content */
};
extern const struct ui_file ui_files[];
extern const size_t ui_n_files;
extern const char ui_blob[];

#endif
