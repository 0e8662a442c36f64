/* SPDX-License-Identifier: Apache-2.0
 *
 * Lanes and their owners; see http_lane.h.
 */
#include "keys/http_lane.h"

#include <stdlib.h>

enum {
	DOWN_MS = 1000,    /* how long a host is taken for down */
	LANES_AT_ONCE = 8, /* that may be full, of one owner */
	LANES_KEPT = 64,   /* without a call */
};

/* One that has calls to very many hosts has a bounded number under way, too. */
struct http_owner {
	struct http_owner *next;
	size_t id;
	int running; /* in all lanes */
};

void http_queue_push(struct http_queue *queue, struct http_call *call)
{
	call->next = NULL;
	if (queue->first)
		queue->last->next = call;
	else
		queue->first = call;
	queue->last = call;
}

struct http_call *http_queue_pop(struct http_queue *queue)
{
	struct http_call *call = queue->first;

	if (call)
		queue->first = call->next;
	return call;
}

void http_lanes_forget(struct http_lanes *lanes)
{
	struct http_lane *lane;

	while (lanes->list) {
		lane = lanes->list;
		lanes->list = lane->next;
		free(lane);
	}
}

void http_lanes_free(struct http_lanes *lanes)
{
	struct http_owner *owner;

	http_lanes_forget(lanes);
	while ((owner = lanes->owners)) {
		lanes->owners = owner->next;
		free(owner);
	}
}

/* "https://vault.example:8200" of a URL: only to tell lanes apart. */
static struct span origin(const char *url)
{
	struct span text = span_str(url);
	size_t at = span_search(text, SPAN("://"));

	at = at == SIZE_MAX ? 0 : at + 3;
	while (at < text.len && text.data[at] != '/' && text.data[at] != '?' &&
	       text.data[at] != '#')
		at++;
	return span_sub(text, 0, at);
}

static bool is_lane(const struct http_lane *lane, size_t owner, struct span service,
		    struct span host)
{
	struct span name = span_str(lane->name);

	return lane->owner->id == owner && name.len == service.len + 1 + host.len &&
	       span_starts(name, service) && name.data[service.len] == '\n' &&
	       span_ends(name, host);
}

/* NULL: no memory. */
static struct http_owner *owner_of(struct http_lanes *lanes, size_t id)
{
	struct http_owner *owner = lanes->owners;

	while (owner && owner->id != id)
		owner = owner->next;
	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	owner->id = id;
	owner->next = lanes->owners;
	lanes->owners = owner;
	return owner;
}

struct http_lane *http_lanes_find(struct http_lanes *lanes, size_t id, const struct http_call *call)
{
	struct span service = span_str(call->lane), host = origin(call->url);
	struct http_owner *owner = owner_of(lanes, id);
	struct http_lane *lane = lanes->list;

	if (!owner)
		return NULL;
	while (lane && !is_lane(lane, id, service, host))
		lane = lane->next;
	if (lane)
		return lane;
	lane = calloc(1, sizeof(*lane) + service.len + 1 + host.len + 1);
	if (!lane)
		return NULL;
	memcpy(lane->name, service.data, service.len);
	lane->name[service.len] = '\n';
	memcpy(lane->name + service.len + 1, host.data, host.len);
	lane->owner = owner;
	lane->next = lanes->list;
	lanes->list = lane;
	return lane;
}

void http_lanes_tidy(struct http_lanes *lanes, int64_t now)
{
	struct http_lane **at = &lanes->list, *lane;
	size_t kept = 0;

	while ((lane = *at)) {
		if (lane->down.code && now >= lane->down_since + DOWN_MS)
			lane->down.code = ERR_NONE;
		if (lane->users || lane->down.code || ++kept <= LANES_KEPT) {
			at = &lane->next;
			continue;
		}
		*at = lane->next;
		free(lane);
	}
}

size_t http_lane_owner(const struct http_lane *lane)
{
	return lane->owner->id;
}

bool http_lane_has_room(const struct http_lane *lane, int at_once)
{
	return lane->running < at_once && lane->owner->running < LANES_AT_ONCE * at_once;
}

void http_lane_begun(struct http_lane *lane)
{
	lane->running++;
	lane->owner->running++;
}

void http_lane_ended(struct http_lane *lane)
{
	lane->running--;
	lane->owner->running--;
}

void http_lane_answered(struct http_lane *lane)
{
	lane->answered = true;
	lane->down.code = ERR_NONE;
}

void http_lane_lost(struct http_lane *lane, const struct err *why, int64_t now)
{
	if (lane->answered)
		return;
	lane->down = *why;
	lane->down_since = now;
}
