#pragma once

struct request;

/* The handlers of video: what video players speak. Each answers its request, or suspends it. Source: contract
 * 6. Lists are in video_list.h, figures in video_figures.h. */
void video_update(struct request *request); /* POST /progress/update and /progress/realtime */
void video_sync(struct request *request);   /* POST /progress/sync */
void video_get(struct request *request);    /* GET /progress/{userId}/{videoId} */
void video_delete(struct request *request); /* DELETE /progress/{userId}/{videoId} */
