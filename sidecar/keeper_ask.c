/* SPDX-License-Identifier: Apache-2.0
 *
 * A question at the keeper; see keeper_ask.h. It is read, its keys are opened (keeper_open.h), the audit is told, and it is answered.
 */
#include "keeper_ask.h"

#include "base/wipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int ask_new(int fd, size_t set, const struct exchange_peer *peer, int64_t ends,
	    struct ask **ret_ask, struct err *err)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (!ask) {
		(void)close(fd);
		return err_nomem(err);
	}
	ask->fd = fd;
	ask->opening.set = set;
	ask->peer = *peer;
	ask->ends = ends;
	ask->began = shared_clock();
	ask->stirred = true;
	ask->doc = (struct doc)DOC_INIT;
	ask->in = (struct buf)BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	ask->out = (struct buf)BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD);
	*ret_ask = ask;
	return 0;
}

void ask_free(struct ask *ask, const struct ask_world *world)
{
	if (!ask)
		return;
	world->bytes[ask->opening.set] -= ask->bytes;
	(void)close(ask->fd);
	opening_release(&ask->opening);
	doc_release(&ask->doc);
	buf_release(&ask->in);
	buf_release(&ask->out);
	free(ask);
}

/* Beyond the bound a question is dropped: whoever asks is told to try again. */
static int take_bytes(struct ask *ask, const struct ask_world *world, size_t bytes)
{
	size_t *all = &world->bytes[ask->opening.set];

	if (bytes > ASK_SMALL && *all > ask->bytes && bytes + *all > ASK_BYTES_MAX)
		return -1;
	*all += bytes;
	ask->bytes += bytes;
	return 0;
}

/* Reads up to `want` bytes in all. 1: they are there; 0: not yet; -1: the other side is gone. */
static int receive(struct ask *ask, size_t want)
{
	while (ask->in.len < want) {
		uint8_t *room = buf_room(&ask->in, want - ask->in.len);
		ssize_t n;

		if (!room)
			return -1;
		n = recv(ask->fd, room, want - ask->in.len, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -1;
		if (n < 0)
			return 0;
		ask->in.len += (size_t)n;
	}
	return 1;
}

static int begin_work(struct ask *ask, const struct ask_world *world, struct err *err)
{
	struct opening *opening = &ask->opening;

	if (unwrap_get_request(span_from(buf_span(&ask->in), UNWRAP_HEAD), &ask->doc, &ask->request,
			       err) < 0)
		return -1;
	if (take_bytes(ask, world, opening_bytes(ask->request.count)) < 0)
		return err_set(err, ERR_LIMIT, "too many questions at once");
	if (opening_begin(opening, &ask->request, &world->opening, err) < 0)
		return -1;
	return keeper_keys_ring(world->keys, opening->set, opening->secret, &opening->ring, err);
}

static void audit_all(const struct ask *ask, const struct ask_world *world)
{
	struct trail_event event = {
		.set = ask->opening.set,
		.socket = world->sockets[ask->opening.set],
		.key_set = keeper_keys_name(world->keys, ask->opening.set),
		.peer = ask->peer,
		.label = ask->request.label,
		.secret = ask->request.secret,
	};
	int64_t now = (int64_t)time(NULL);
	size_t i;

	for (i = 0; i < ask->opening.count; i++) {
		const struct opening_key *key = &ask->opening.keys[i];

		event.request = &key->request;
		event.cached = key->cached;
		trail_write(world->trail, &event, now);
		if (key->request.verdict == KEY_OPENED)
			world->shared->unwraps_opened++;
		else if (key->request.code == ERR_UNREACHABLE)
			world->shared->unwraps_unreachable++;
		else
			world->shared->unwraps_failed++;
		world->shared->cache_hits += key->cached;
	}
	world->shared->audit_lost = world->trail->lost;
}

/* A tenant learns whether to try again, and nothing else: not whether the key is unknown, another tenant's, or one that refused. */
static void make_generic(struct key_request *request)
{
	bool again = request->code == ERR_UNREACHABLE;

	request->verdict = again ? KEY_FAILED : KEY_NOT_MINE;
	request->code = again ? ERR_UNREACHABLE : ERR_NO_KEY;
	snprintf(request->why, KEY_WHY_MAX, "%s",
		 again ? "its key service can not be reached now"
		       : "no key of this key set opens it");
}

static void reply(struct ask *ask, const struct ask_world *world, int64_t now)
{
	bool tenant = keeper_keys_name(world->keys, ask->opening.set) != NULL, failed = false;
	struct key_request *answers = calloc(ask->opening.count + 1, sizeof(*answers));
	size_t i;

	audit_all(ask, world);
	for (i = 0; answers && i < ask->opening.count; i++) {
		answers[i] = ask->opening.keys[i].request;
		if (answers[i].verdict == KEY_OPENED)
			continue;
		failed = true;
		if (answers[i].verdict == KEY_NOT_TRIED)
			answers[i].verdict = KEY_NOT_MINE;
		if (tenant)
			make_generic(&answers[i]);
	}
	if (answers)
		unwrap_put_reply(answers, ask->opening.count, &ask->out);
	else
		ask->out.bad = ERR_NOMEM;
	wipe_free(answers, (ask->opening.count + 1) * sizeof(*answers));
	ask->due = now;
	if (tenant && failed)
		ask->due = ask->began + ((now - ask->began) / ASK_FAIL_MS + 1) * ASK_FAIL_MS;
	ask->state = ask->out.bad ? ASK_OVER : ASK_REPLY;
}

static void send_reply(struct ask *ask)
{
	while (ask->sent < ask->out.len) {
		ssize_t n = send(ask->fd, ask->out.data + ask->sent, ask->out.len - ask->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			break;
		ask->sent += (size_t)n;
	}
	ask->state = ASK_OVER;
}

static int receive_body(struct ask *ask, const struct ask_world *world, size_t body)
{
	if (!ask->bytes && body && take_bytes(ask, world, body) < 0)
		return -1;
	return receive(ask, UNWRAP_HEAD + body);
}

static void read_question(struct ask *ask, const struct ask_world *world)
{
	struct err err = ERR_INIT;
	size_t body = 0;
	int r = receive(ask, UNWRAP_HEAD);

	if (r > 0)
		r = unwrap_head(buf_span(&ask->in), false, &body, &err) < 0
			    ? -1
			    : receive_body(ask, world, body);
	if (r < 0)
		ask->state = ASK_OVER;
	if (r <= 0)
		return;
	ask->state = ASK_WORK;
	if (begin_work(ask, world, &err) == 0)
		return;
	if (ask->opening.keys)
		opening_fail(&ask->opening, &err);
	else
		ask->state = ASK_OVER;
}

void ask_go(struct ask *ask, const struct ask_world *world, int64_t now)
{
	if (ask->state < ASK_WORK && ask->stirred)
		read_question(ask, world);
	if (ask->state == ASK_WORK) {
		if (!ask->opening.ring || opening_go(&ask->opening, &world->opening, now))
			reply(ask, world, now);
	}
	if (ask->state == ASK_REPLY && now >= ask->due && (!ask->sent || ask->stirred))
		send_reply(ask);
	ask->stirred = false;
	if (now >= ask->ends)
		ask->state = ASK_OVER;
	/* Nobody waits for what a service has answered too late. */
	if (ask->state == ASK_OVER)
		opening_collect(&ask->opening, &world->opening, now);
}
