#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "ops/kind.h"
#include "ops/nearest.h"

enum { ARGUMENTS_MAX = 256 };

int cli_complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "milepost: %s: %s\n", what, why); /* nowhere else to say it */
    return 1;
}

int cli_check_place(const char *option, const char *text, bool takes_url)
{
    const char *kept, *wrong = NULL;

    if (strstr(text, "://"))
        wrong = takes_url ? kind_database(NULL, text, (void *)&kept) : "must be a directory";
    else if (strstr(text, "password="))
        wrong = takes_url ? "must be a directory or a postgres:// URL" : "must be a directory";
    if (!wrong)
        return 0;
    (void)cli_complain(option, wrong);
    return 2;
}

static const struct cli_option *find(const struct cli_option *own, int own_count, const char *argument,
                                     size_t size)
{
    for (int i = 0; i < own_count; i++)
        if (strlen(own[i].name) == size && strncmp(own[i].name, argument, size) == 0)
            return &own[i];
    return NULL;
}

/* Whether a flag that is not known is nearer to an option of the command than to a setting, which is said. */
static bool is_nearly_own(const struct cli_option *own, int own_count, const char *flag)
{
    struct nearest nearest = {.word = flag, .size = strcspn(flag, "=")};
    char why[64];

    if (strncmp(flag, "--", 2) != 0)
        return false;
    nearest.word += 2;
    nearest.size -= 2;
    for (int i = 0; i < settings_row_count; i++)
        nearest_try(&nearest, settings_rows[i].name);
    const char *setting = nearest.best;
    for (int i = 0; i < own_count; i++)
        nearest_try(&nearest, own[i].name + 2);
    if (nearest.best == setting)
        return false;
    (void)snprintf(why, sizeof why, "unknown option; did you mean --%s?", nearest.best); /* fits */
    (void)cli_complain(flag, why);
    return true;
}

int cli_read(int argc, char **argv, const struct cli_option *own, int own_count, const char **words, int max,
             int *out_words, struct settings *out_settings)
{
    char *settings[ARGUMENTS_MAX] = {argv[0], argv[1]};
    int kept = 2;

    *out_words = 0;
    for (int i = 2; i < argc && kept + 1 < ARGUMENTS_MAX; i++) {
        size_t size = strcspn(argv[i], "=");
        const struct cli_option *option = find(own, own_count, argv[i], size);
        if (option && option->is_mark && !argv[i][size]) {
            *option->value = option->name;
        } else if (option && argv[i][size] == '=') {
            *option->value = argv[i] + size + 1;
        } else if (option) {
            if (i + 1 >= argc) {
                (void)cli_complain(argv[i], "needs a value");
                return 2;
            }
            *option->value = argv[++i];
        } else if (argv[i][0] != '-' && *out_words < max) {
            words[(*out_words)++] = argv[i];
        } else if (is_nearly_own(own, own_count, argv[i])) {
            return 2;
        } else {
            settings[kept++] = argv[i];
            bool has_next = i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0; /* a switch needs none */
            if (argv[i][0] == '-' && !strchr(argv[i], '=') && has_next)
                settings[kept++] = argv[++i]; /* its value */
        }
    }
    return settings_read(out_settings, kept, settings, 2, stderr) == RC_OK ? 0 : 2;
}

int cli_open_reader(const struct settings *settings, struct store **out_store)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = store_open_reader(settings->data, out_store, &fault);

    return rc == RC_OK ? 0 : cli_complain(settings->data, fault_why(&fault));
}
