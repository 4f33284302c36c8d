#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of settings. A kind is a function that checks a value's text and writes it into a typed field. */

enum { PORTS_MAX = 8 };

struct port_list {
    uint16_t at[PORTS_MAX];
    int count;
};

struct setting;

/* NULL: field is written; else what is wrong, for the operator, and field is as it was. Of a row with a range
 * or choices the text ends where these follow: "must be a port from". Texts are kept as they are, and
 * borrowed. */
typedef const char *setting_kind(const struct setting *setting, const char *text, void *field);

/* A row of the table of settings. */
struct setting {
    const char *name;
    setting_kind *kind;
    size_t offset;       /* of the field in struct settings */
    int64_t low, high;   /* of numbers */
    const char *unit;    /* of numbers; NULL: none */
    const char *initial; /* the default, as text; "": empty */
    const char *choices; /* "a|b", by which an enum counts; NULL: any value */
    const char *reread;  /* what lies behind it that SIGHUP reads again; NULL: nothing */
    const char *text;
    bool alike; /* decides what is written or shown: all nodes of a log must have the same value */
    bool live;  /* SIGHUP takes another value over; else a new value takes a restart */
};

/* const char *: any text. */
setting_kind kind_text;

/* const char *: an http or https URL, or "". */
setting_kind kind_url;

/* const char *: an IANA time zone. */
setting_kind kind_zone;

/* const char *: origins as a browser names them ("https://lms.example", "null"), comma separated, or "". */
setting_kind kind_origins;

/* const char *: as kind_url, of letters that an address needs no escape for, and a host of 255 at most. */
setting_kind kind_issuer;

/* const char *: the URL of a PostgreSQL database, or "". */
setting_kind kind_database;

/* An enum: the place of the value among the choices, from 0. */
setting_kind kind_choice;

/* bool: the second of two choices. Its flag may stand alone: "on". */
setting_kind kind_switch;

/* int64_t: a whole number from low to high. */
setting_kind kind_number;

/* int64_t, in hundredths: "95" or "92.5", from low to high hundredths. */
setting_kind kind_hundredths;

/* struct port_list: one more port, from low to high. At most PORTS_MAX. */
setting_kind kind_ports;

/* const char *: [address:]port, or "". */
setting_kind kind_address;

/* const char *: "" alone; what it is for is not built in yet. */
setting_kind kind_absent;
