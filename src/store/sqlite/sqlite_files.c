#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store/sqlite/sqlite_private.h"
#include "store/store.h"

/* The files of a data directory, as the file system knows them. */

uint64_t store_file_bytes(const struct store *store)
{
    DIR *folder = opendir(store->directory);
    uint64_t bytes = 0;

    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        struct stat about;
        if (fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode))
            bytes += (uint64_t)about.st_size;
    }
    (void)closedir(folder); /* only read */
    return bytes;
}
