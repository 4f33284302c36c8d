#pragma once

#include "face/face.h"

/* Answers 200 with what is in request->out, or, when the client accepts text/csv, with the list in it as a table:
 * RFC 4180, columns are the JSON members in order, nested as "enrollments.userId", lists as JSON text. list: names
 * of the members that lead to it, separated by '/'. columns: the header of an empty list. Source: contract 7. */
void face_reply_table(struct request *request, const char *list, const char *columns);
