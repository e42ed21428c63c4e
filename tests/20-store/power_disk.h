/* A disk that loses power: what was written and not synced since is there or not, sector by
 * sector; files made, renamed and removed are so or not until their folder is synced (a random
 * beginning of these changes, for file systems keep their order). A cut writes what the disk would
 * hold into another folder; the store goes on meanwhile. Watches SQLite's files by way of
 * faulty_vfs, the others by the linker (write, pwrite, fsync, rename, unlink). */
#ifndef WEFT_TESTS_POWER_DISK_H
#define WEFT_TESTS_POWER_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* What is in dir now is on the disk. */
void power_on(const char *dir);
void power_off(void);
/* The n-th event from now on cuts into folder to; only events of the file of that name when given.
 * told is called at that very moment: what was acknowledged before must be there. */
void power_cut_at(uint64_t n, const char *name, const char *to, void (*told)(void *ctx), void *ctx);
/* The next event does, if none did yet. */
void power_cut_soon(void);
bool power_was_cut(void);

#endif
