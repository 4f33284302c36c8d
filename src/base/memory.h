#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Memory for jansson, which is not made for a lack of it: a byte of a text that it cannot keep is left out
 * without a word, and what it then reads or writes is anything. So no allocation of its fails: a reserve is
 * given back to the allocator first, whoever called it asks whether that was needed, and refuses what was
 * parsed then. Seen with every allocation failing once (tests/fault/failing_malloc.c): a heap overflow in
 * its reader of strings, and requests that were answered 400 for want of memory. Thread-safe. */

/* Before a call: the reserve is there, and nothing is noted for this thread. False: out of memory, do not
 * call. */
bool memory_ready(void);

/* malloc. When that fails it notes it for this thread and tries again, with the reserve given back; after a
 * tenth of a second without memory it ends the process: what was answered is durable. */
void *memory_noted_malloc(size_t size);

/* Whether memory was out on this thread since memory_ready: what the call gave is not to be trusted. */
bool memory_was_out(void);
