#include "cli/serve_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/file.h"
#include "cli/options.h"
#include "ops/key_files.h"

/* The key printed in the pts document (docs/documents.md): everybody knows it, so nobody may use it. Source:
 * reliability R41. */
static const char sample_key[] = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

static enum rc take_server_key(struct keys *keys, const char *key, size_t size, struct fault *fault)
{
    if (size < 16)
        return fault_set(fault, RC_INVALID, "server_key_file", "a server key has at least 16 bytes");
    if (strcmp(key, sample_key) == 0)
        return fault_set(fault, RC_INVALID, "server_key_file", "the document's sample key is refused");
    return keys_set_server_key(keys, key, size, fault);
}

/* A key that comes from a file. name: the setting, and what is said of it. Without a path of its own it is
 * own_name in the data directory, made at the first start; neither: there is none. */
struct key_file {
    const char *name, *path, *own_name;
    enum rc (*take)(struct keys *keys, const char *bytes, size_t size, struct fault *fault);
};

static void list_key_files(const struct settings *settings, struct key_file *out)
{
    bool own = !*settings->jwt_secret_file && !*settings->jwt_public_key_file && !*settings->jwks_url;

    out[0] =
        (struct key_file){"jwt_public_key_file", settings->jwt_public_key_file, NULL, keys_set_public_key};
    out[1] = (struct key_file){"jwt_secret_file", settings->jwt_secret_file, own ? "jwt.secret" : NULL,
                               keys_set_secret};
    out[2] = (struct key_file){"server_key_file", settings->server_key_file, "server.key", take_server_key};
}

/* Whether the server takes it: asked before the other nodes are given it. */
static enum rc try_key(const struct key_file *file, const char *bytes, size_t size, struct fault *fault)
{
    struct auth_settings none = {.uses_jwks = false};
    struct auth *auth = NULL;
    enum rc rc = auth_new(&none, &auth, fault);

    if (rc == RC_OK)
        rc = file->take(auth_keys(auth), bytes, size, fault);
    auth_free(auth);
    return rc;
}

/* The log's key takes the place of another in the file and in memory. */
static enum rc put_in_place(const char *path, struct buf *key, char **inout_key, size_t *inout_size,
                            struct fault *fault)
{
    explicit_bzero(*inout_key, *inout_size);
    free(*inout_key);
    *inout_key = NULL;
    buf_char(key, '\n');
    return !key->failed && file_write_whole(path, key->bytes, key->size)
               ? key_read(path, inout_key, inout_size, fault)
               : fault_set(fault, RC_INTERNAL, NULL, "a key file cannot be written");
}

/* A key of the data directory that all nodes of the log have alike: who is let in by one is by all. The one
 * that the log knows is put in the place of another; but one that was put into the directory of a running
 * node, which is none that the log gave it, is the log's from now on. known: of the key that it had last. */
static enum rc share_key(const struct key_file *file, const char *path, struct shared_keys *shared,
                         uint8_t *known, char **inout_key, size_t *inout_size, struct fault *fault)
{
    uint8_t digest[KEY_DIGEST];
    struct buf logs = {.failed = false};
    enum rc rc = try_key(file, *inout_key, *inout_size, fault);

    if (rc != RC_OK)
        return rc;
    (void)SHA256((const unsigned char *)*inout_key, *inout_size, digest); /* of memory: cannot fail */
    struct log_value value = {
        .name = file->own_name,
        .bytes = *inout_key,
        .size = *inout_size,
        .anew = shared->started && memcmp(known, digest, KEY_DIGEST) != 0,
    };
    rc = log_share(shared->log, &value, &logs, fault);
    if (rc == RC_OK && (logs.size != *inout_size || memcmp(logs.bytes, *inout_key, logs.size) != 0)) {
        rc = put_in_place(path, &logs, inout_key, inout_size, fault);
        if (rc == RC_OK)
            (void)fprintf(stderr, "<5>milepost: %s: as the other nodes have it\n",
                          file->own_name); /* for whoever watches */
    } else if (rc == RC_OK && value.anew) {
        (void)fprintf(stderr, "<5>milepost: %s: is the log's now; the other nodes take it on SIGHUP\n",
                      file->own_name); /* likewise */
    }
    if (rc == RC_OK)
        (void)SHA256((const unsigned char *)*inout_key, *inout_size, known); /* likewise */
    if (logs.bytes)
        explicit_bzero(logs.bytes, logs.size);
    buf_done(&logs);
    return rc;
}

/* Reads the key of row i. One that is missing is made at the first start alone: anew, it would lock everybody
 * out. shared NULL: nothing is shared, and nothing made. */
static enum rc read_key_file(const struct key_file *files, int i, const char *directory, struct keys *keys,
                             struct shared_keys *shared, struct fault *fault)
{
    const struct key_file *file = &files[i];
    char path[4096];
    char *bytes = NULL;
    size_t size = 0;

    /* a cut path does not open */
    (void)snprintf(path, sizeof path, "%s/%s", directory, file->own_name ? file->own_name : "");
    enum rc rc = *file->path ? key_read(file->path, &bytes, &size, fault)
                 : shared && !shared->started
                     ? key_read_or_make(directory, file->own_name, &bytes, &size, fault)
                     : key_read(path, &bytes, &size, fault);
    if (rc == RC_OK && !*file->path && shared && log_is_shared(shared->log))
        rc = share_key(file, path, shared, shared->known[i], &bytes, &size, fault);
    if (rc == RC_OK)
        rc = file->take(keys, bytes, size, fault);
    if (bytes)
        explicit_bzero(bytes, size);
    free(bytes);
    return rc;
}

static bool is_missing(const struct key_file *file, const char *directory)
{
    char path[4096];

    return !*file->path && snprintf(path, sizeof path, "%s/%s", directory, file->own_name) > 0 &&
           access(path, F_OK) != 0;
}

/* Somebody restored a backup without its keys, or lost them. */
static void warn_of_new_key(const struct key_file *file, const char *directory)
{
    (void)fprintf(
        stderr,
        "<4>milepost: WARNING: %s: %s/%s was not there: a new key was made, new keys beside data that is"
        " there already. Whatever was signed or called with the old one is refused now. If you have"
        " it: put it back and send SIGHUP.\n",
        file->name, directory, file->own_name); /* for whoever watches */
}

int serve_load_keys(const struct settings *settings, bool has_data, struct shared_keys *shared,
                    struct auth **out_auth)
{
    struct auth_settings auth = {
        .uses_jwks = *settings->jwks_url != '\0',
        .rules = {.issuer = settings->jwt_issuer,
                  .audience = settings->jwt_audience,
                  .role_claim = settings->jwt_role_claim,
                  .system_clients = settings->system_clients},
    };
    struct key_file files[KEY_FILES];
    struct fault fault = {NULL, NULL};
    const char *name = NULL;
    enum rc rc = auth_new(&auth, out_auth, &fault);

    list_key_files(settings, files);
    for (int i = 0; i < KEY_FILES && rc == RC_OK; i++)
        if (*files[i].path || files[i].own_name) {
            bool is_new = is_missing(&files[i], settings->data);
            name = files[i].name;
            rc = read_key_file(files, i, settings->data, auth_keys(*out_auth), shared, &fault);
            if (rc == RC_OK && is_new && has_data && !log_is_shared(shared->log))
                warn_of_new_key(&files[i], settings->data);
        }
    shared->started = rc == RC_OK;
    return rc == RC_OK ? 0 : cli_complain(name ? name : "serve", fault_why(&fault));
}

int serve_make_keys(const struct settings *settings)
{
    struct key_file files[KEY_FILES];
    int status = 0;

    list_key_files(settings, files);
    for (int i = 0; i < KEY_FILES && status == 0; i++) {
        struct fault fault = {NULL, NULL};
        char *key = NULL;
        size_t size = 0;
        if (*files[i].path || !files[i].own_name)
            continue;
        if (key_read_or_make(settings->data, files[i].own_name, &key, &size, &fault) != RC_OK)
            status = cli_complain(files[i].own_name, fault_why(&fault));
        if (key)
            explicit_bzero(key, size);
        free(key);
    }
    return status;
}

int serve_check_keys(const struct settings *settings)
{
    struct auth_settings none = {.uses_jwks = *settings->jwks_url != '\0'};
    struct key_file files[KEY_FILES];
    struct fault fault = {NULL, NULL};
    struct auth *auth = NULL;
    int wrong = auth_new(&none, &auth, &fault) == RC_OK ? 0 : cli_complain("serve", fault_why(&fault));

    list_key_files(settings, files);
    for (int i = 0; i < KEY_FILES && auth; i++)
        if ((*files[i].path || (files[i].own_name && !is_missing(&files[i], settings->data))) &&
            read_key_file(files, i, settings->data, auth_keys(auth), NULL, &fault) != RC_OK)
            wrong = cli_complain(files[i].name, fault_why(&fault));
    auth_free(auth);
    struct tls_keys *tls = NULL;
    if (serve_load_tls(settings, &tls) != 0)
        wrong = 1;
    tls_keys_free(tls);
    return wrong;
}

void serve_reload_keys(const struct settings *settings, struct shared_keys *shared, struct auth *auth,
                       struct jwks *jwks)
{
    struct key_file files[KEY_FILES];
    int kept = 0;

    list_key_files(settings, files);
    for (int i = 0; i < KEY_FILES; i++) {
        struct fault fault = {NULL, NULL};
        if (!*files[i].path && !files[i].own_name)
            continue;
        bool taken = read_key_file(files, i, settings->data, auth_keys(auth), shared, &fault) == RC_OK;
        kept += !taken;
        (void)fprintf(stderr, "<%d>milepost: %s: %s%s\n", taken ? 5 : 3, files[i].name,
                      taken ? "reloaded" : fault_why(&fault),
                      taken ? "" : "; the old key stays"); /* for whoever watches */
    }
    if (jwks)
        jwks_reload(jwks); /* says how it went when it comes */
    /* likewise */
    (void)fprintf(stderr, "<5>milepost: %s\n", kept ? "some of the old keys stay" : "keys reloaded");
}

int serve_load_tls(const struct settings *settings, struct tls_keys **out_tls)
{
    struct fault fault = {NULL, NULL};
    const char *cert = settings->tls_cert_file, *key = settings->tls_key_file;

    if (!*cert && !*key)
        return 0;
    if (!*cert || !*key)
        return cli_complain(*cert ? "tls_key_file" : "tls_cert_file", "must be given too");
    *out_tls = tls_keys_new();
    enum rc rc = *out_tls ? tls_keys_load(*out_tls, cert, key, &fault) : fault_no_memory(&fault);
    return rc == RC_OK ? 0 : cli_complain(fault.field ? fault.field : "tls_cert_file", fault_why(&fault));
}

void serve_reload_tls(const struct settings *settings, struct tls_keys *tls)
{
    struct fault fault = {NULL, NULL};

    if (!tls)
        return;
    bool taken = tls_keys_load(tls, settings->tls_cert_file, settings->tls_key_file, &fault) == RC_OK;
    (void)fprintf(stderr, "<%d>milepost: %s: %s%s\n", taken ? 5 : 3,
                  taken || !fault.field ? "tls_cert_file" : fault.field,
                  taken ? "reloaded" : fault_why(&fault),
                  taken ? "" : "; the old certificate stays"); /* for whoever watches */
}

bool serve_take_jwks(void *keys, const char *bytes, size_t size)
{
    struct fault fault = {NULL, "the JWK set cannot be fetched"};
    int count = 0;
    bool taken = bytes && keys_set_jwks(keys, bytes, size, &count, &fault) == RC_OK;

    if (taken)
        (void)fprintf(stderr, "<6>milepost: jwks_url: %d keys\n", count); /* for whoever watches */
    else
        (void)fprintf(stderr, "milepost: jwks_url: %s; the old keys stay\n",
                      fault_why(&fault)); /* likewise */
    return taken;
}
