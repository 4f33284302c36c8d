#include "cli/commands.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/database.h"
#include "ops/nearest.h"

#define DATA_TEXT                                                                                            \
    "  --data DIR       the data directory (./data)\n"                                                       \
    "  --config FILE    the server's settings: which directory and database it has, where its keys are\n"
/* Of commands that work on a log in a database too. */
#define DATABASE_TEXT DATA_TEXT "  --database URL   or the log of nodes, in this database (postgres://...)\n"

const struct cli_command cli_commands[] = {
    {"serve", cli_serve, "run the server", "[--config FILE] [--check-config] [settings]",
     "Runs until SIGTERM or Ctrl-C, which answer what was accepted first. SIGHUP reads keys, certificate,\n"
     "JWK set, snapshot_*, log_level, log_format and access_log again. Without keys of your own the first\n"
     "start writes data/jwt.secret and data/server.key.\n\n"
     "  --config FILE    settings, one \"name = value\" a line; flags and environment beat it\n"
     "  --check-config   say whether settings and key files are fine, and start nothing\n\n"
     "  milepost serve --data ./data --listen 0.0.0.0 --port 443 --tls-cert-file fullchain.pem "
     "--tls-key-file privkey.pem\n"
     "  milepost serve --config /etc/milepost/milepost.conf --check-config\n",
     "--config --check-config"},
    {"token", cli_token, "print a token to call the server with",
     "--sub ID [--role ROLE] [--ttl LIFE] [--data DIR]",
     "Signed with the data directory's secret (or jwt_secret_file), which is made in a directory without "
     "data;\nrefused with jwks_url or jwt_public_key_file alone: the server would not take it.\n\n"
     "  --sub ID         the user it is for\n"
     "  --role ROLE      student (the default), instructor, owner, admin or system\n"
     "  --ttl LIFE       how long it is good: seconds, or 90m, 24h, 30d (3600)\n" DATA_TEXT
     "\n  milepost token --sub 1001\n  milepost token --sub ops --role admin --ttl 24h --data "
     "/var/lib/milepost\n",
     "--sub --role --ttl"},
    {"import", cli_import, "load an export, or Open University data, into a data directory",
     "FILE | oulad DIR [--course ID] [--data DIR]",
     "FILE is what export wrote; it goes into a data directory without learners, whole or not at all.\n"
     "oulad DIR reads the Open University's learning analytics files; run again it goes on where it "
     "stopped.\nInto a database it may go beside running nodes: the directory is then a node's own, made "
     "if it is not there.\n\n"
     "  --course ID      one presentation alone, of oulad\n" DATABASE_TEXT
     "\n  milepost import all.jsonl --data ./new\n  milepost import oulad tests/data/oulad --data ./oulad\n",
     "--course"},
    {"export", cli_export, "write everything, or one person, as JSON Lines",
     "[--user ID] [--out FILE] [--force] [--data DIR]",
     "What import reads. Beside a running server too.\n\n"
     "  --user ID        what is of one person, and of others nothing\n"
     "  --out FILE       instead of the standard output; under its name only when it is whole\n"
     "  --force          over a file that is there\n" DATABASE_TEXT
     "\n  milepost export --out all.jsonl\n  milepost export --user 1001 | jq .\n",
     "--user --out --force"},
    {"verify", cli_verify, "fold all events again and compare every figure", "[--data DIR]",
     "Writes nothing; may run beside the server. Exit status 1: there are differences.\n\n" DATABASE_TEXT
     "\n  milepost verify --data /var/lib/milepost\n",
     ""},
    {"rebuild", cli_rebuild, "make every figure again from the events", "[--data DIR]",
     "For a server that is stopped, when verify found differences. A node's directory takes --database "
     "too.\n\n" DATA_TEXT "\n  milepost rebuild --data /var/lib/milepost\n",
     ""},
    {"backup", cli_backup, "copy the events of one instant into a file, also of a running server",
     "FILE [--with-keys] [--data DIR]",
     "One file, checked, under its name only when it is whole. A file that is there is never written over.\n"
     "The keys (jwt.secret, server.key) are left out, and that is said: without them a restored server\n"
     "makes new ones, and every token and webhook of before is refused.\n\n"
     "  --with-keys      the keys too, as FILE.jwt.secret and FILE.server.key, which only their owner can "
     "read;\n                   those of jwt_secret_file and server_key_file are named, not "
     "copied\n" DATABASE_TEXT
     "\n  milepost backup /backup/$(date +%F).db --with-keys --data /var/lib/milepost\n",
     "--with-keys"},
    {"restore", cli_restore, "put a backup into an empty data directory, after checking all of it",
     "FILE [--data DIR]",
     "Takes the keys from FILE.jwt.secret and FILE.server.key when they are there, and writes over "
     "none.\n\n" DATABASE_TEXT "\n  milepost restore /backup/2026-03-01.db --data ./new\n",
     ""},
    {"move", cli_move, "carry the data from a directory or a database to another",
     "--from DIR|URL --to DIR|URL",
     "For servers that are stopped. Where it goes must be empty; both are compared at the end. Keys stay "
     "where\n"
     "they are.\n\n"
     "  --from DIR|URL   a data directory, or postgres://...\n"
     "  --to DIR|URL     where to\n"
     "\n  milepost move --from /var/lib/milepost --to postgres://db/milepost\n",
     "--from --to"},
    {"checkpoint", cli_checkpoint, "give a node's files to a new node of the same log",
     "--to DIR | --from DIR --database URL [--data DIR]",
     "A new node then reads only what was written since, and not the whole log. DIR is what --to wrote, "
     "carried\n"
     "over by any means, or another node's data directory. Beside running nodes. All of it is checked "
     "first:\n"
     "damaged, not copied whole, of another log or a newer version's, it is refused and nothing is "
     "changed.\n\n"
     "  --to DIR         copy the node of the data directory into a new directory\n"
     "  --from DIR       fill the data directory, which must be empty\n" DATA_TEXT
     "\n  milepost checkpoint --to /mnt/copy --data /var/lib/milepost\n"
     "  milepost checkpoint --from /mnt/copy --database postgres://db/milepost --data /var/lib/milepost\n",
     "--to --from"},
    {"erase", cli_erase, "forget a person, of a server that is stopped", "--user ID [--data DIR]",
     "On a running server: DELETE /api/v1/users/ID.\n\n"
     "  --user ID        who\n" DATABASE_TEXT "\n  milepost erase --user 1001 --data /var/lib/milepost\n",
     "--user"},
};

const size_t cli_command_count = sizeof cli_commands / sizeof *cli_commands;

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++)
        if (strcmp(name, cli_commands[i].name) == 0)
            return &cli_commands[i];
    return NULL;
}

void cli_help(FILE *out)
{
    /* to a terminal */
    (void)fprintf(out, "milepost keeps every learner's progress.\n\nusage: milepost COMMAND [...]\n\n");
    for (size_t i = 0; i < cli_command_count; i++)
        (void)fprintf(out, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].summary); /* likewise */
    (void)fprintf(out, "  %-10s %s\n  %-10s %s\n\n%s", "version", "print the version", "help",
                  "this, or what one command does: milepost help COMMAND",
                  "milepost COMMAND --help says more, milepost serve --help every setting.\n"); /* likewise */
}

void cli_help_command(FILE *out, const struct cli_command *command)
{
    (void)fprintf(out, "usage: milepost %s %s\n\n%c%s.\n%s", command->name, command->usage,
                  command->summary[0] - 'a' + 'A', command->summary + 1, command->text); /* to a terminal */
    if (command->run == cli_serve) {
        (void)fprintf(out, "\n"); /* likewise */
        settings_help(out);
    }
}

/* A setting of choices completes them; any other completes files. */
static void put_choices(FILE *out)
{
    for (int i = 0; i < settings_row_count; i++)
        if (settings_rows[i].choices)
            (void)fprintf(out, "    --%s) words=\"%s\" ;;\n", settings_rows[i].name,
                          settings_rows[i].choices); /* the caller looks at the stream */
}

void cli_completion(FILE *out)
{
    (void)fprintf(out,
                  "# bash completion of milepost. Written by: milepost --bash-completion\n"
                  "_milepost() {\n"
                  "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= own=\n"
                  "  case $before in\n"
                  "    --role) words=\"student|instructor|owner|admin|system\" ;;\n"); /* likewise */
    put_choices(out);
    (void)fprintf(out, "  esac\n"
                       "  if [ -n \"$words\" ]; then\n"
                       "    COMPREPLY=($(compgen -W \"${words//|/ }\" -- \"$current\")); return\n"
                       "  fi\n"
                       "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
                       "    COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; i < cli_command_count; i++)
        (void)fprintf(out, "%s ", cli_commands[i].name); /* likewise */
    (void)fprintf(out, "version help --version --help\" -- \"$current\")); return\n"
                       "  fi\n"
                       "  case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < cli_command_count; i++)
        (void)fprintf(out, "    %s) own=\"%s --help\" ;;\n", cli_commands[i].name,
                      cli_commands[i].options); /* likewise */
    (void)fprintf(out, "  esac\n"
                       "  case $current in\n"
                       "    -*) COMPREPLY=($(compgen -W \"$own");
    for (int i = 0; i < settings_row_count; i++)
        (void)fprintf(out, " --%s", settings_rows[i].name); /* likewise */
    (void)fprintf(out, "\" -- \"$current\")) ;;\n"
                       "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
                       "  esac\n"
                       "}\n"
                       "complete -o filenames -F _milepost milepost\n"); /* likewise */
}

int cli_unknown_command(const char *name)
{
    struct nearest nearest = {.word = name, .size = strlen(name)};

    for (size_t i = 0; i < cli_command_count; i++)
        nearest_try(&nearest, cli_commands[i].name);
    if (nearest.best)
        (void)fprintf(stderr, "milepost: %s: no such command; did you mean %s?\n", name,
                      nearest.best); /* nowhere else to say it */
    else
        (void)fprintf(stderr, "milepost: %s: no such command (milepost --help lists them)\n",
                      name); /* likewise */
    return 2;
}
