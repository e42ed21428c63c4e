/* A nurse's console, for the benches: the live stream and the worklist over HTTP, as the web app
 * asks them. One thread's. */
#ifndef WEFT_BENCH_CONSOLE_H
#define WEFT_BENCH_CONSOLE_H

#include "base/str.h"

struct console;
/* listen: "http://127.0.0.1:port"; NULL: it cannot be reached, or refuses. The stream is open. */
struct console *console_open(str url, str token);
/* Waits until a Task of that patient (its id) is told; false after ms. */
bool console_told(struct console *c, str patient, int ms);
/* Reads the worklist; true when the patient has a row in it. */
bool console_row(struct console *c, str patient);
void console_close(struct console *c);

#endif
