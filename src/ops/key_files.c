#include "ops/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"

enum { KEY_BYTES = 32, KEY_TEXT = 43, KEY_FILE_MAX = 65536 };

enum rc key_read(const char *path, char **out_key, size_t *out_size, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    char *key = file ? malloc(KEY_FILE_MAX + 1) : NULL;

    if (!key) {
        if (file)               /* out of memory */
            (void)fclose(file); /* only read */
        return fault_text(fault, RC_INTERNAL, "a key file cannot be read", "%.80s cannot be read: %s", path,
                          strerror(errno));
    }
    size_t size = fread(key, 1, KEY_FILE_MAX + 1, file);
    bool whole = !ferror(file) && size <= KEY_FILE_MAX;
    (void)fclose(file); /* only read */
    if (!whole) {
        free(key);
        return fault_text(fault, RC_INTERNAL, "a key file cannot be read",
                          "%.80s cannot be read, or has more than 64 KiB", path);
    }
    while (size && (key[size - 1] == '\n' || key[size - 1] == '\r'))
        size--;
    key[size] = '\0';
    *out_key = key;
    *out_size = size;
    return RC_OK;
}

static void base64url(const unsigned char *bytes, char *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (int i = 0; i < KEY_TEXT; i++) {
        int bit = i * 6, byte = bit / 8;
        unsigned pair = (unsigned)bytes[byte] << 8 | (byte + 1 < KEY_BYTES ? bytes[byte + 1] : 0u);
        out[i] = alphabet[(pair >> (10 - bit % 8)) & 63];
    }
}

static enum rc make(const char *path, struct fault *fault)
{
    unsigned char bytes[KEY_BYTES];
    char text[KEY_TEXT + 1];

    if (access(path, F_OK) == 0)
        return RC_OK;
    bool made = getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes;
    base64url(bytes, text);
    text[KEY_TEXT] = '\n';
    made = made && file_write_whole(path, text, sizeof text);
    return made ? RC_OK
                : fault_text(fault, RC_INTERNAL, "a key file cannot be written",
                             "%.80s cannot be written: %s", path, strerror(errno));
}

enum rc key_read_or_make(const char *directory, const char *name, char **out_key, size_t *out_size,
                         struct fault *fault)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", directory, name); /* a cut path does not open */
    enum rc rc = make(path, fault);
    return rc == RC_OK ? key_read(path, out_key, out_size, fault) : rc;
}
