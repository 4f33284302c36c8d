#include <stdio.h>
#include <string.h>

#include "cli/database.h"
#include "cli/log_copy.h"
#include "cli/options.h"
#include "store/log.h"

/* checkpoint: a node's files for another node, which then need not read the whole log. */

static enum rc holds(void *turn, struct log *log, struct fault *fault)
{
    return cli_log_holds(log, turn, fault);
}

/* Whether the database's log holds the turn that the copy ends with. */
static enum rc is_of_log(void *settings, const struct log_turn *turn, struct fault *fault)
{
    enum rc rc = cli_with_log(settings, holds, (void *)(uintptr_t)turn, fault); /* only read */

    if (rc == RC_CONFLICT)
        return fault_set(
            fault, RC_CONFLICT, NULL,
            "that node followed another log than the database's, or one that has gone back since;"
            " nothing was changed");
    return rc;
}

static int copy(const struct settings *settings, const char *from, const char *to, bool joins)
{
    struct store_node_copy copied;
    struct fault fault = {NULL, NULL};

    if (cli_make_directory(joins ? "data" : "--to", to) != 0)
        return 1;
    enum rc rc = store_copy_node(from, to, joins ? is_of_log : NULL, (void *)(uintptr_t)settings, &copied,
                                 &fault); /* only read */
    if (rc != RC_OK)
        return cli_complain(fault.field ? fault.field : joins ? from : to, fault_why(&fault));
    /* nowhere else to say it */
    (void)printf("copied a node at turn %llu: %llu events, ", (unsigned long long)copied.turn.number,
                 (unsigned long long)copied.events);
    if (copied.checkpoint)
        (void)printf("a checkpoint as of event %llu of %llu\n", (unsigned long long)copied.checkpoint,
                     (unsigned long long)copied.sequence); /* likewise */
    else
        (void)printf("no checkpoint: the node folds them when it starts\n"); /* likewise */
    return 0;
}

int cli_checkpoint(int argc, char **argv)
{
    struct settings settings;
    const char *from = NULL, *to = NULL;
    const struct cli_option own[] = {{"--from", &from}, {"--to", &to}};
    int words;
    int status = cli_read(argc, argv, own, 2, NULL, 0, &words, &settings);

    if (status)
        return status;
    if (!from == !to) {
        /* nowhere else to say it */
        (void)fprintf(stderr, "usage: milepost checkpoint --to DIR, or --from DIR --database URL"
                              " (milepost checkpoint --help says more)\n");
        return 2;
    }
    if (from && !*settings.database) {
        (void)cli_complain("database", "is needed: the log that the copy is compared with");
        return 2;
    }
    status = from ? cli_check_place("--from", from, false) : cli_check_place("--to", to, false);
    if (!status)
        status =
            from ? copy(&settings, from, settings.data, true) : copy(&settings, settings.data, to, false);
    settings_done(&settings);
    return status;
}
