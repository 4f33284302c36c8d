#pragma once

#include "http/request.h"

/* A list as a table instead of JSON, when the client asks for text/csv. Source: contract 7. */

/* Whether the client prefers text/csv to application/json. */
bool csv_wanted(struct request *request);
#define CSV_TYPE "text/csv; charset=utf-8; header=present"

/* Answers 200 with what is in request->out, or, when the client accepts text/csv, with the list in it as a
 * table. list: names of the members that lead to it, separated by '/'. columns: the header of an empty list.
 * The last deed of a handler: a large table is made on a worker's thread. */
void face_reply_table(struct request *request, const char *list, const char *columns);
