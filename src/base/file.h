#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes a whole file, readable by its owner alone: under another name first, synced, then renamed, so that a
 * kill leaves the old file or the new one. False: errno says why. */
bool file_write_whole(const char *path, const void *bytes, size_t size);
