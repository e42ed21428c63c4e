/* weft import --terminology: a release of LOINC, SNOMED CT or RxNorm into the data folder. The
 * record is not opened, so a server may run: it sees the new file by itself. Who loads a release
 * has its licence; nothing of it leaves this machine. */
#include "api/import_int.h"

#include "base/time.h"
#include "terms/terms.h"

#include <sys/stat.h>

int import_terms(const char *data, const char *what, const char *from)
{
    struct arena *a = arena_new(0);
    struct cli_progress p;
    struct terms_watch watch = {cli_progress_tell, &p};
    struct terms_loaded told;
    struct stat st;
    struct op op;
    if (!a)
        return CLI_FAILED;
    op_init(&op, a, identity_system(), time_now());
    err e = stat(data, &st) == 0 && S_ISDIR(st.st_mode)
                ? OK
                : fail(&op, ERR_NOT_FOUND, "There is no data folder %s; make one with weft init.",
                       data);
    if (e == OK) {
        cli_progress_begin(&p, "import", "reading");
        e = terms_load(&op, str_of(what), str_of(from), str_of(data), &watch, &told);
        cli_progress_end(&p);
    }
    if (e == OK)
        printf("%.*s|%.*s: %llu codes, %llu designations, %llu relations\n"
               "terms/%.*s: %llu bytes\n",
               STR_ARG(told.system), STR_ARG(told.version), (unsigned long long)told.codes,
               (unsigned long long)told.designations, (unsigned long long)told.relations,
               STR_ARG(told.file), (unsigned long long)told.bytes);
    int code = e == OK ? CLI_DONE : cli_failed("import", &op);
    arena_free(a);
    return code;
}
