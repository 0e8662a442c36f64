/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of age's armor: PEM of one type, no headers, lines of 64 columns, canonical base64. Refuses all else but white space around
 * it. age: armor/armor.go
 */
#include "keys/age_armor.h"

#include "base/text.h"
#include "doc/white.h"

enum {
	COLUMNS = 64,
	LINE_BYTES = COLUMNS / 4 * 3,
};

static const struct span BEGIN = {(const uint8_t *)"-----BEGIN AGE ENCRYPTED FILE-----", 34};
static const struct span END = {(const uint8_t *)"-----END AGE ENCRYPTED FILE-----", 32};

static bool blank(struct span s)
{
	return white_trim(s).len == 0;
}

/* The next line without its line end (LF or CRLF; one CR also where the text ends). -1 at the end of the text. */
static int next_line(struct span text, size_t *at, struct span *ret_line)
{
	size_t end = span_find(text, *at, '\n');
	struct span line = span_sub(text, *at, end - *at);

	if (*at == text.len)
		return -1;
	if (span_ends(line, SPAN("\r")))
		line.len--;
	*at = end == text.len ? end : end + 1;
	*ret_line = line;
	return 0;
}

/* The BEGIN line, after blank lines. */
static int opening(struct span text, size_t *at, struct err *err)
{
	struct span line;
	size_t skipped = 0;

	for (;;) {
		if (next_line(text, at, &line) < 0)
			return err_set(err, ERR_FORMAT, "age armor is cut short");
		if (!blank(line))
			break;
		skipped += line.len + 1;
		if (skipped > AGE_ARMOR_SPACE_MAX)
			return err_set(err, ERR_FORMAT, "too much white space before age armor");
	}
	if (!span_eq(line, BEGIN))
		return err_set(err, ERR_FORMAT, "not age armor");
	return 0;
}

/* One line of base64. Go's reader passes over a CR inside of it, so it counts for the width but not for the bytes. */
static int body_line(struct span line, struct buf *out, struct err *err)
{
	uint8_t chars[COLUMNS];
	size_t i, n = 0;

	if (line.len == 0)
		return err_set(err, ERR_FORMAT, "age armor has an empty line");
	if (line.len > COLUMNS)
		return err_set(err, ERR_FORMAT, "age armor has a line of more than %d columns",
			       COLUMNS);
	for (i = 0; i < line.len; i++) {
		if (line.data[i] != '\r')
			chars[n++] = line.data[i];
	}
	if (base64_decode(BASE64_STRICT, span_of(chars, n), out) < 0)
		return err_set(err, ERR_FORMAT, "age armor has malformed base64");
	return buf_check(out, err);
}

int age_armor_decode(struct span text, struct buf *out, struct err *err)
{
	struct span line;
	size_t at = 0, before = 0;
	bool last = false;

	if (opening(text, &at, err) < 0)
		return -1;
	for (;;) {
		if (next_line(text, &at, &line) < 0)
			return err_set(err, ERR_FORMAT, "age armor is cut short");
		if (span_eq(line, END))
			break;
		if (last)
			return err_set(err, ERR_FORMAT, "age armor has a line after a short one");
		before = out->len;
		if (body_line(line, out, err) < 0)
			return -1;
		last = out->len - before < LINE_BYTES;
	}
	line = span_from(text, at);
	if (!blank(span_sub(line, 0, AGE_ARMOR_SPACE_MAX)))
		return err_set(err, ERR_FORMAT, "data after age armor");
	if (line.len >= AGE_ARMOR_SPACE_MAX)
		return err_set(err, ERR_FORMAT, "too much white space after age armor");
	return 0;
}
