/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit trail; see trail.h.
 */
#include "trail.h"

#include "json_text.h"
#include "key_text.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const doors[] = {
	[EXCHANGE_HTTP] = "http",
	[EXCHANGE_GRPC] = "grpc",
	[EXCHANGE_KMS] = "kms",
};

int trail_open(struct trail *trail, const char *path, struct err *err)
{
	*trail = (struct trail){.fd = STDERR_FILENO};
	if (!path)
		return 0;
	trail->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
			 0600);
	if (trail->fd < 0)
		return err_errno(err, "audit file '%s'", text_quote(span_str(path)).text);
	return 0;
}

static void field(const char *name, struct span text, struct buf *out)
{
	if (!text.len)
		return;
	buf_printf(out, ", \"%s\": ", name);
	json_text_add_lossy(span_sub(text, 0, 512), out);
}

static void add_time(int64_t now, struct buf *out)
{
	struct tm utc;
	time_t t = (time_t)now;
	char text[32] = "";

	if (gmtime_r(&t, &utc))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	buf_printf(out, "{\"time\": \"%s\"", text);
}

void trail_line(const struct trail_event *event, int64_t now, struct buf *out)
{
	const struct key_request *request = event->request;
	CLEAN_BUF struct buf name = BUF_INIT(KEY_TEXT_MAX);
	bool opened = request->verdict == KEY_OPENED;

	add_time(now, out);
	buf_add_str(out, ", \"event\": \"unwrap\"");
	field("socket", span_str(event->socket), out);
	field("keySet", span_str(event->key_set ? event->key_set : ""), out);
	buf_printf(out, ", \"door\": \"%s\", \"uid\": %lu, \"gid\": %lu, \"pid\": %ld",
		   doors[event->peer.door], (unsigned long)event->peer.uid,
		   (unsigned long)event->peer.gid, (long)event->peer.pid);
	field("label", event->label, out);
	field("secretRef", event->secret, out);
	buf_printf(out, ", \"type\": \"%s\"", sops_key_type_name(request->key->type));
	key_text_add(request->key, &name);
	field("key", buf_span(&name), out);
	buf_printf(out, ", \"opened\": %s, \"cached\": %s", opened ? "true" : "false",
		   event->cached ? "true" : "false");
	if (!opened)
		field("why", span_str(request->why), out);
	buf_add_str(out, "}\n");
}

static bool put(struct trail *trail, const struct buf *line)
{
	ssize_t n = line->bad ? -1 : write(trail->fd, line->data, line->len);

	if (n > 0)
		trail->cut = (size_t)n < line->len;
	return n == (ssize_t)line->len;
}

/* What was cut off must not take what comes next with it. */
static void begin(const struct trail *trail, struct buf *line)
{
	if (trail->cut)
		buf_add_char(line, '\n');
}

/* One line for all that a second had too many of. */
static void tell_lost(struct trail *trail, uint64_t before, int64_t now)
{
	CLEAN_BUF struct buf line = BUF_INIT(TRAIL_LINE_MAX);

	if (trail->lost == before)
		return;
	begin(trail, &line);
	add_time(now, &line);
	buf_printf(&line, ", \"event\": \"lost\", \"lines\": %llu}\n",
		   (unsigned long long)(trail->lost - before));
	(void)put(trail, &line);
}

void trail_write(struct trail *trail, const struct trail_event *event, int64_t now)
{
	CLEAN_BUF struct buf line = BUF_INIT(TRAIL_LINE_MAX);
	bool opened = event->request->verdict == KEY_OPENED;

	if (now != trail->second) {
		tell_lost(trail, trail->told, now);
		trail->told = trail->lost;
		trail->second = now;
		memset(trail->lines, 0, sizeof(trail->lines));
	}
	begin(trail, &line);
	trail_line(event, now, &line);
	if (trail->lines[event->set][opened]++ >= TRAIL_RATE || !put(trail, &line))
		trail->lost++;
}
