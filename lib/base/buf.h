/* SPDX-License-Identifier: Apache-2.0
 *
 * The one growing byte buffer. It wipes on growth and on release (allocate, copy, wipe, free; never realloc), so nobody has to
 * know which buffer held a secret, and it has a limit that its owner names when it is made.
 *
 * A writer makes hundreds of small additions, so the adders return nothing: the first failure sticks, later additions do nothing,
 * and whoever takes the content asks buf_check() once. Invariant: data[0..len) is valid, len <= cap <= limit.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct buf {
	uint8_t *data;
	size_t len, cap;
	size_t limit;      /* bytes; named by the owner */
	enum err_code bad; /* ERR_NONE, ERR_NOMEM or ERR_LIMIT: the first failure */
};

/* CLEAN_BUF struct buf out = BUF_INIT(SOME_NAMED_MAX); */
#define BUF_INIT(max)          \
	{                      \
		.limit = (max) \
	}
#define CLEAN_BUF CLEANUP(buf_release)

/* Room for `more` bytes beyond len, without change to the content. NULL when the buffer is bad; else a pointer to the room. After
 * writing there, add the bytes written to len. */
uint8_t *buf_room(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_span(struct buf *buf, struct span s);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_fill(struct buf *buf, uint8_t c, size_t count);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

static inline void buf_add_char(struct buf *buf, uint8_t c)
{
	if (buf->len < buf->cap && !buf->bad)
		buf->data[buf->len++] = c;
	else
		buf_add(buf, &c, 1);
}

/* 0, or -1 with ERR_NOMEM or ERR_LIMIT ("more than N bytes") for what stuck. */
int buf_check(const struct buf *buf, struct err *err) NODISCARD;

static inline struct span buf_span(const struct buf *buf)
{
	return (struct span){buf->data, buf->len};
}

/* Wipes the content and sets len to 0; keeps memory and limit, clears what stuck. */
void buf_reset(struct buf *buf);

/* Cuts to len bytes (not more than there are) and wipes the rest. */
void buf_cut(struct buf *buf, size_t len);

/* Gives src's memory to dst, whose own is released; src is empty after. dst keeps no limit of its own but takes src's. */
void buf_move(struct buf *dst, struct buf *src);

/* Wipes and frees; the buffer is empty and usable again. NULL is fine. */
void buf_release(struct buf *buf);

#endif
