/* The verbs of the command line, one file each (cli_<verb>.c). argv[0] is the verb. Each has --help
 * with an example and returns the exit code: 0 done, 1 refused or failed, 2 wrong usage. Results go
 * to stdout, problems and progress to stderr. */
#ifndef WEFT_API_CLI_H
#define WEFT_API_CLI_H

#include "identity/identity.h"
#include "record/bulk.h"

#include <pthread.h>

enum cli_exit { CLI_DONE, CLI_FAILED, CLI_USAGE };

int cli_init(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_rules(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_version(int argc, char **argv);

#define CLI_VERBS 14
extern const struct cli_verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} cli_verbs[CLI_VERBS];

/* ---- what they share (cli.c) ---- */

/* Reads "--name value" and "--name" options into values, in the order of names; a name ending in
 * '!' takes no value (its slot gets "yes"). *ret_rest is the index of the first argument that is no
 * option. On --help prints usage and on a mistake names it; then returns false with *ret_exit set.
 */
struct cli_args {
    const char *const *names; /* NULL at the end */
    const char **values;
    const char *usage;
};
bool cli_parse(int argc, char **argv, const struct cli_args *a, int *ret_rest, int *ret_exit);
/* Says what is wrong, then the usage; returns CLI_USAGE. */
int cli_wrong(const char *verb, const char *usage, const char *what);
/* Prints the op's errors; returns CLI_FAILED. */
int cli_failed(const char *verb, const struct op *op);

/* The value of --database, taken out of the process's title, where others could read a password in
 * it. NULL gives STR_NONE. */
str cli_take_database(struct arena *a, const char *value);

/* A data folder opened as the system actor. */
struct terms;
struct cli {
    struct arena *arena;
    struct op op;
    struct record *rec;
    struct identity *id;
    struct terms *terms; /* of import; NULL elsewhere */
};
/* Each thread keeps so many free bytes and gives the rest back to the system; unsaid, they grow
 * with what was freed at once. Before there are threads. */
void cli_keep_memory(int bytes);
MUST err cli_open(struct cli *c, const char *dir, size_t cache_bytes);
/* Safe on what cli_open() left half done. */
void cli_close(struct cli *c);

/* ---- progress (cli_progress.c) ---- */

/* From begin to end, after the first second: a line on stderr every second. */
struct cli_progress {
    const char *verb, *what;
    uint64_t done, all; /* all 0: unknown */
    int64_t started;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over, running;
};
void cli_progress_begin(struct cli_progress *p, const char *verb, const char *what);
/* A record_watch.fn. */
void cli_progress_tell(void *progress, const char *what, uint64_t done, uint64_t all);
void cli_progress_end(struct cli_progress *p);

/* ---- work that is also done while the server runs on the folder (control.c) ---- */

/* A verb with its words; NULL = not given. */
#define CLI_WORDS 16
struct cli_job {
    const char *verb; /* "token", "user", "audit", "key", "backup" */
    const char *words[CLI_WORDS];
};
/* Does the job on an open record; what it prints goes to out. The words' order is each verb's own.
 */
MUST err cli_perform(struct cli *c, const struct cli_job *job, FILE *out);
err cli_perform_token(struct cli *c, const struct cli_job *job, FILE *out);
err cli_perform_user(struct cli *c, const struct cli_job *job, FILE *out);
err cli_perform_audit(struct cli *c, const struct cli_job *job, FILE *out);
err cli_perform_key(struct cli *c, const struct cli_job *job, FILE *out);
/* Says in the trail that a copy is about to be made; the copy itself is the asking process's. */
err cli_perform_backup(struct cli *c, const struct cli_job *job, FILE *out);
/* Opens the folder and does the job, or hands it to the server that runs on it. Returns the exit
 * code. */
int cli_do(const char *dir, const struct cli_job *job);

/* The server's end: a socket in the data folder that only the folder's owner can use. */
struct control;
MUST err control_start(struct op *op, str dir, struct record *rec, struct identity *id,
                       struct control **ret);
/* NULL allowed. */
void control_stop(struct control *c);
#define CONTROL_MESSAGE_MAX (64u << 10)
/* A job as bytes, STR_NONE past the ceiling; and back: words point into in. */
str control_pack(struct arena *a, const struct cli_job *job);
bool control_unpack(str in, struct cli_job *ret);
/* The client's end; false when no server answers. *ret_exit and the server's texts on
 * stdout/stderr. */
bool control_ask(const char *dir, const struct cli_job *job, int *ret_exit);

#endif
