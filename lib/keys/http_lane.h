/* SPDX-License-Identifier: Apache-2.0
 *
 * Where calls of http.c wait. A lane is a service at one host, for one of those whom the program serves: so many calls are under way in it and no
 * more, and what is known of its host is known to it alone.
 */
#ifndef KEYS_HTTP_LANE_H
#define KEYS_HTTP_LANE_H

#include "keys/http_call.h"

/* Calls, first come, first served. */
struct http_queue {
	struct http_call *first, *last;
};

struct http_owner;

struct http_lane {
	struct http_lane *next;
	struct http_owner *owner;
	struct http_queue waiting;
	unsigned users; /* calls that are not over */
	int running;
	bool answered;   /* once, with whatever status */
	struct err down; /* why the host can not be reached; ERR_NONE: it is not known to be down */
	int64_t down_since;
	char name[]; /* the service's name, a line feed, the URL's scheme and host */
};

struct http_lanes {
	struct http_lane *list;
	struct http_owner *owners;
};

void http_queue_push(struct http_queue *queue, struct http_call *call);

/* NULL where it is empty. */
struct http_call *http_queue_pop(struct http_queue *queue);

/* The call's lane, made where there is none yet. NULL: no memory. */
struct http_lane *http_lanes_find(struct http_lanes *lanes, size_t owner,
				  const struct http_call *call);

/* A new run: nothing is known of any host. Only while no call is left. */
void http_lanes_forget(struct http_lanes *lanes);

/* For a program that runs for long and has no run of its own: hosts that were down a second ago are tried again, and of the lanes without a call only
 * some are kept, as documents name hosts without end. now: milliseconds of CLOCK_MONOTONIC, here and below. */
void http_lanes_tidy(struct http_lanes *lanes, int64_t now);

void http_lanes_free(struct http_lanes *lanes);

size_t http_lane_owner(const struct http_lane *lane);

/* Whether another call may begin: at_once in one lane, eight times as many in all lanes of one owner. */
bool http_lane_has_room(const struct http_lane *lane, int at_once);

void http_lane_begun(struct http_lane *lane);
void http_lane_ended(struct http_lane *lane);

/* The host answered, or a call was lost for good on the way to it, which counts where it never answered. */
void http_lane_answered(struct http_lane *lane);
void http_lane_lost(struct http_lane *lane, const struct err *why, int64_t now);

#endif
