/* A SQLite VFS for tests: passes everything to the system's, but refuses the n-th write or sync,
 * once or until healed. Becomes the default VFS. pwrite() of the store itself is refused likewise,
 * which needs the linker's --wrap=pwrite. */
#ifndef WEFT_TESTS_FAULTY_VFS_H
#define WEFT_TESTS_FAULTY_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind { FAULT_FULL, FAULT_WRITE, FAULT_SYNC };

void faulty_install(void);
/* The n-th call of the kind from now on fails (FULL and WRITE: writes; SYNC: syncs). */
void faulty_arm(enum fault_kind kind, uint64_t nth, bool until_healed);
void faulty_heal(void);
/* Calls refused since armed. */
uint64_t faulty_hits(void);
/* Told before the like happens. synced: true = the real disk need not. */
struct disk_watch {
    void (*wrote)(const char *path, const void *p, size_t n, uint64_t at);
    void (*truncated)(const char *path, uint64_t n);
    bool (*synced)(const char *path);
    void (*pwrote)(int fd, const void *p, size_t n, uint64_t at);
};
void faulty_watch(const struct disk_watch *w); /* NULL: nobody */

#endif
