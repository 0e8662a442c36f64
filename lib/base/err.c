/* SPDX-License-Identifier: Apache-2.0
 *
 * The one error type; see err.h for the rules of its text.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* text had room for size bytes and would have needed would_be and a NUL: "..." at its end says so, and no character is left in half. */
static void cut(char *text, size_t size, int would_be)
{
	size_t at = size - 4;

	if (would_be < 0) {
		text[0] = '\0';
		return;
	}
	if ((size_t)would_be < size)
		return;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", 4);
}

/* Puts ": text" behind the message. */
static void append(struct err *err, const char *text)
{
	size_t len = strlen(err->msg);
	int more = snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", text);

	cut(err->msg, sizeof(err->msg), more < 0 ? more : (int)len + more);
}

PRINTF_LIKE(3, 0)
static void set(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	err->code = code;
	cut(err->msg, sizeof(err->msg), vsnprintf(err->msg, sizeof(err->msg), fmt, ap));
	err->hint[0] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char old[ERR_MSG_MAX];
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	cut(err->msg, sizeof(err->msg), vsnprintf(err->msg, sizeof(err->msg), fmt, ap));
	va_end(ap);
	append(err, old);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	cut(err->hint, sizeof(err->hint), vsnprintf(err->hint, sizeof(err->hint), fmt, ap));
	va_end(ap);
	return -1;
}

int err_nomem(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

int err_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	set(err, saved == ENOENT || saved == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM, fmt, ap);
	va_end(ap);
	if (saved == ENOMEM)
		err->code = ERR_NOMEM;
	append(err, strerror(saved));
	return -1;
}

struct err err_joined(const struct err *err)
{
	struct err joined = *err;
	char *to = joined.msg;
	const char *from;

	for (from = err->msg; *from; from++) {
		if (*from != '\n')
			*to++ = *from;
	}
	*to = '\0';
	return joined;
}

int err_exit_status(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return 0;
	case ERR_USAGE:
		return 2;
	case ERR_UNREACHABLE:
		return 75;
	case ERR_POLICY:
		return 77;
	default:
		return 1;
	}
}
