#pragma once

struct request;

/* GET /demo/ and its files: a page that plays a clip with the tracker and shows what each face says of it.
 * Without the setting `demo`, and for a file that is not there: 404. Any event loop; nothing blocks. */
void own_demo(struct request *request);
