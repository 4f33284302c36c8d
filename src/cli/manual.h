#pragma once

#include <stdio.h>

/* Papers that are made from the tables of commands and settings, so that they cannot say anything else. */

/* Writes the manual page milepost(1). */
void manual_commands(FILE *out);

/* Writes the manual page milepost.conf(5). */
void manual_settings(FILE *out);

/* Writes a config file with every setting as a comment, and the data directory that a package uses. */
void manual_example_config(FILE *out, const char *data);
