#include "base/file.h"

#include <glib.h>

bool file_write_whole(const char *path, const void *bytes, size_t size)
{
    return g_file_set_contents_full(path, bytes, (gssize)size,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, NULL);
}
