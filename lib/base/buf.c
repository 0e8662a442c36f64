/* SPDX-License-Identifier: Apache-2.0
 *
 * The one growing byte buffer; see buf.h.
 */
#include "base/buf.h"

#include "base/wipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BUF_FIRST = 256,    /* bytes of the first allocation */
	PRINTF_SMALL = 128, /* bytes of a formatted text, with its NUL, that needs no second pass */
};

/* Allocate, copy, wipe, free: realloc would leave the old copy behind. */
static int grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : BUF_FIRST;
	uint8_t *data;

	if (need > buf->limit) {
		buf->bad = ERR_LIMIT;
		return -1;
	}
	while (cap < need)
		cap = cap > buf->limit / 2 ? buf->limit : cap * 2;
	if (cap > buf->limit)
		cap = buf->limit;
	data = malloc(cap);
	if (!data) {
		buf->bad = ERR_NOMEM;
		return -1;
	}
	if (buf->len)
		memcpy(data, buf->data, buf->len);
	wipe_free(buf->data, buf->cap);
	buf->data = data;
	buf->cap = cap;
	return 0;
}

uint8_t *buf_room(struct buf *buf, size_t more)
{
	if (buf->bad)
		return NULL;
	/* An empty buffer has no memory yet, and NULL would mean that it is bad. */
	if (more > buf->cap - buf->len || !buf->data) {
		if (more > SIZE_MAX - buf->len) {
			buf->bad = ERR_LIMIT;
			return NULL;
		}
		if (grow(buf, buf->len + more) < 0)
			return NULL;
	}
	return buf->data + buf->len;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	uint8_t *room = len ? buf_room(buf, len) : NULL;

	if (!room)
		return;
	memcpy(room, data, len);
	buf->len += len;
}

void buf_add_span(struct buf *buf, struct span s)
{
	buf_add(buf, s.data, s.len);
}

void buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_fill(struct buf *buf, uint8_t c, size_t count)
{
	uint8_t *room = count ? buf_room(buf, count) : NULL;

	if (!room)
		return;
	memset(room, c, count);
	buf->len += count;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	char small[PRINTF_SMALL];
	va_list ap;
	uint8_t *room;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len < 0) {
		buf->bad = buf->bad ? buf->bad : ERR_NOMEM;
		return;
	}
	/* Not straight into the buffer: the NUL that printf adds must not count against the limit. */
	if ((size_t)len < sizeof(small)) {
		buf_add(buf, small, (size_t)len);
		wipe(small, sizeof(small));
		return;
	}
	wipe(small, sizeof(small));
	room = buf_room(buf, (size_t)len + 1);
	if (!room)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)room, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
}

int buf_check(const struct buf *buf, struct err *err)
{
	if (buf->bad == ERR_LIMIT)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", buf->limit);
	if (buf->bad)
		return err_nomem(err);
	return 0;
}

void buf_reset(struct buf *buf)
{
	buf_cut(buf, 0);
	buf->bad = ERR_NONE;
}

void buf_cut(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	wipe(buf->data + len, buf->len - len);
	buf->len = len;
}

void buf_move(struct buf *dst, struct buf *src)
{
	size_t limit = src->limit;

	buf_release(dst);
	*dst = *src;
	*src = (struct buf)BUF_INIT(limit);
}

void buf_release(struct buf *buf)
{
	if (!buf)
		return;
	wipe_free(buf->data, buf->cap);
	*buf = (struct buf)BUF_INIT(buf->limit);
}
