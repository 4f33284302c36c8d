#include "cli/manual.h"

#include <string.h>

#include "cli/commands.h"
#include "ops/settings.h"

/* Every stream here is a file or a terminal that the caller looks at. */

/* Text as roff shows it: '-' is a minus, '\' and a leading '.' or ''' are no requests. */
static void put_roff(FILE *out, const char *text)
{
    bool starts = true;

    for (; *text; text++) {
        if (starts && (*text == '.' || *text == '\''))
            (void)fputs("\\&", out);
        if (*text == '-')
            (void)fputs("\\-", out);
        else if (*text == '\\')
            (void)fputs("\\e", out);
        else
            (void)fputc(*text, out);
        starts = *text == '\n';
    }
}

static void put_head(FILE *out, const char *title, const char *section, const char *name, const char *what)
{
    (void)fprintf(out, ".TH %s %s \"\" \"milepost %s\"\n.SH NAME\n%s \\- %s\n", title, section,
                  MILEPOST_VERSION, name, what);
}

static void put_commands(FILE *out)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        (void)fprintf(out, ".SS milepost %s\n.nf\n.B milepost %s ", command->name, command->name);
        put_roff(out, command->usage);
        (void)fprintf(out, "\n\n");
        put_roff(out, command->text);
        (void)fprintf(out, ".fi\n");
    }
}

void manual_commands(FILE *out)
{
    put_head(out, "MILEPOST", "1", "milepost", "keeps every learner's progress");
    (void)fprintf(out, ".SH SYNOPSIS\n.B milepost\n.I COMMAND\n[...]\n.SH DESCRIPTION\n");
    put_roff(out,
             "One server that keeps what learners did, at once durable and at once visible, over five public "
             "APIs. Settings are flags, MILEPOST_NAME in the environment, or lines of a file: see "
             "milepost.conf(5).\n");
    (void)fprintf(out, ".SH COMMANDS\n");
    put_commands(out);
    (void)fprintf(out, ".SH EXIT STATUS\n");
    put_roff(out,
             "0: done. 1: it could not be done, and stderr says why. 2: wrong use, or a bad setting. 74: the "
             "disk failed while the server ran; what was answered is stored.\n");
    (void)fprintf(out, ".SH SIGNALS\n");
    put_roff(
        out,
        "SIGTERM and SIGINT answer what was accepted, then end the server. SIGHUP reads the keys, the "
        "certificate and the settings that can change while it runs again, and says what became of each.\n");
    (void)fprintf(out, ".SH SEE ALSO\n.BR milepost.conf (5)\n");
}

void manual_settings(FILE *out)
{
    put_head(out, "MILEPOST.CONF", "5", "milepost.conf", "settings of milepost");
    (void)fprintf(out, ".SH DESCRIPTION\n");
    put_roff(
        out,
        "A line is \"name = value\", or a comment that begins with ; or #; behind a value there is none. The "
        "file is read when it is named by --config FILE. Each setting is also a flag (--name value) and a "
        "name in the environment (MILEPOST_NAME); flags beat environment beats file. An unknown or bad "
        "setting refuses to start and says where it stands: milepost serve --config FILE --check-config "
        "looks without starting.\n");
    (void)fprintf(out, ".SH SETTINGS\n");
    for (const struct setting *row = settings_rows; row < settings_rows + settings_row_count; row++) {
        (void)fprintf(out, ".TP\n.BR ");
        put_roff(out, row->name);
        (void)fprintf(out, " \" = %s\"\n", *row->initial ? row->initial : "(empty)");
        put_roff(out, row->text);
        (void)fprintf(out, "%s.\n", settings_note(row));
        if (row->choices || row->high) {
            settings_print_range(out, row);
            (void)fprintf(out, ".\n");
        }
        if (row->live || row->reread)
            (void)fprintf(out, "SIGHUP reads %s again.\n", row->live ? "the value" : row->reread);
    }
    (void)fprintf(out, ".SH SEE ALSO\n.BR milepost (1)\n");
}

/* A text and its note as comment lines of at most 96 columns. */
static void put_comment(FILE *out, const char *text, const char *note)
{
    char whole[1024];
    size_t column = 0;

    (void)snprintf(whole, sizeof whole, "%s%s", text, note); /* fits: a row of the table */
    for (const char *word = whole; *word;) {
        size_t size = strcspn(word, " ");
        if (column == 0 || column + size > 96) {
            (void)fprintf(out, "%s#", column ? "\n" : "");
            column = 1;
        }
        (void)fprintf(out, " %.*s", (int)size, word);
        column += size + 1;
        word += size + strspn(word + size, " ");
    }
    (void)fprintf(out, "\n");
}

void manual_example_config(FILE *out, const char *data)
{
    (void)fprintf(out, "# Settings of milepost: milepost.conf(5). What stands behind # is the default.\n");
    (void)fprintf(out, "# Try a change: milepost serve --config FILE --check-config\n");
    for (const struct setting *row = settings_rows; row < settings_rows + settings_row_count; row++) {
        (void)fprintf(out, "\n");
        put_comment(out, row->text, settings_note(row));
        if (row->choices || row->high) {
            (void)fprintf(out, "# ");
            settings_print_range(out, row);
            (void)fprintf(out, "\n");
        }
        if (strcmp(row->name, "data") == 0)
            (void)fprintf(out, "data = %s\n", data);
        else
            (void)fprintf(out, "#%s = %s\n", row->name, row->initial);
    }
}
