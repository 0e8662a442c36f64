/* SPDX-License-Identifier: Apache-2.0
 *
 * The operators of ${VAR}; see envsubst_ops.h.
 */
#include "envsubst_ops.h"

#include "envsubst.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

/* One code point, or one byte of what is not UTF-8. */
static size_t next_rune(struct span s, uint32_t *ret_code)
{
	size_t width = utf8_next(s, 0, ret_code);

	if (width)
		return width;
	*ret_code = 0xfffd;
	return 1;
}

/* A character of a class, perhaps behind a backslash. false: no pattern. */
static bool class_char(struct span *chunk, uint32_t *ret)
{
	if (!chunk->len || chunk->data[0] == '-' || chunk->data[0] == ']')
		return false;
	if (chunk->data[0] == '\\')
		*chunk = span_from(*chunk, 1);
	if (!chunk->len || !utf8_next(*chunk, 0, ret))
		return false;
	*chunk = span_from(*chunk, next_rune(*chunk, ret));
	return chunk->len > 0;
}

/* [a-z], behind its bracket. 1: c is in it; 0: not; -1: no pattern. */
static int match_class(struct span *chunk, uint32_t c)
{
	bool negated = chunk->len && chunk->data[0] == '^', hit = false;
	size_t ranges = 0;

	if (negated)
		*chunk = span_from(*chunk, 1);
	while (!(chunk->len && chunk->data[0] == ']' && ranges)) {
		uint32_t low, high;

		if (!class_char(chunk, &low))
			return -1;
		high = low;
		if (chunk->data[0] == '-') {
			*chunk = span_from(*chunk, 1);
			if (!class_char(chunk, &high))
				return -1;
		}
		hit = hit || (low <= c && c <= high);
		ranges++;
	}
	*chunk = span_from(*chunk, 1);
	return hit != negated;
}

/* A piece of the pattern without stars against the beginning of text, which is cut by it. */
static int match_chunk(struct span chunk, struct span *text)
{
	struct span s = *text;
	uint32_t c;
	int r;

	while (chunk.len) {
		if (!s.len)
			return 0;
		switch (chunk.data[0]) {
		case '[':
			s = span_from(s, next_rune(s, &c));
			chunk = span_from(chunk, 1);
			r = match_class(&chunk, c);
			if (r <= 0)
				return r;
			continue;
		case '?':
			s = span_from(s, next_rune(s, &c));
			chunk = span_from(chunk, 1);
			continue;
		case '\\':
			chunk = span_from(chunk, 1);
			if (!chunk.len)
				return -1;
			break;
		default:
			break;
		}
		if (chunk.data[0] != s.data[0])
			return 0;
		s = span_from(s, 1);
		chunk = span_from(chunk, 1);
	}
	*text = s;
	return 1;
}

/* The next piece without stars, and whether there is a star before it. */
static struct span next_chunk(struct span *pattern, bool *ret_star)
{
	bool in_class = false;
	struct span chunk;
	size_t i;

	*ret_star = false;
	while (pattern->len && pattern->data[0] == '*') {
		*pattern = span_from(*pattern, 1);
		*ret_star = true;
	}
	for (i = 0; i < pattern->len; i++) {
		uint8_t c = pattern->data[i];

		if (c == '*' && !in_class)
			break;
		if (c == '\\' && i + 1 < pattern->len)
			i++;
		else if (c == '[' || c == ']')
			in_class = c == '[';
	}
	chunk = span_sub(*pattern, 0, i);
	*pattern = span_from(*pattern, i);
	return chunk;
}

int envsubst_match(struct span pattern, struct span text)
{
	while (pattern.len) {
		bool star;
		struct span chunk = next_chunk(&pattern, &star), rest = text;
		size_t i;
		int r;

		if (star && !chunk.len)
			return 1;
		r = match_chunk(chunk, &rest);
		if (r < 0)
			return -1;
		for (i = 1; !(r && (!rest.len || pattern.len)); i++) {
			if (!star || i > text.len)
				return 0;
			rest = span_from(text, i);
			r = match_chunk(chunk, &rest);
			if (r < 0)
				return -1;
		}
		text = rest;
	}
	return text.len == 0;
}

/* How many bytes of the front the pattern takes away: the fewest or the most. */
static size_t match_front(struct span pattern, struct span s, bool longest)
{
	size_t len, found = 0;

	for (len = s.len; len > 0; len--) {
		int r = envsubst_match(pattern, span_sub(s, 0, len));

		if (r < 0)
			return 0;
		if (r > 0) {
			found = len;
			if (longest)
				break;
		}
	}
	return found;
}

static void reverse(struct span s, struct buf *out)
{
	size_t width;

	while (s.len) {
		width = 1;
		while (width < s.len && width < 4 && (s.data[s.len - width] & 0xc0) == 0x80)
			width++;
		buf_add_span(out, span_from(s, s.len - width));
		s.len -= width;
	}
}

/* Patterns for the end are matched backwards, the pattern turned round too, as Flux does it: a class never fits there. */
static int trim(struct span op, struct span value, struct span pattern, struct buf *out,
		struct err *err)
{
	CLEAN_BUF struct buf turned = BUF_INIT(ENVSUBST_OUTPUT_MAX);
	CLEAN_BUF struct buf turned_pattern = BUF_INIT(ENVSUBST_OUTPUT_MAX);
	bool longest = op.len == 2;

	if (value.len > ENVSUBST_TRIM_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes before '%.2s'",
			       ENVSUBST_TRIM_MAX, op.data[0] == '#' ? "#" : "%");
	if (op.data[0] == '#') {
		buf_add_span(out, span_from(value, match_front(pattern, value, longest)));
		return 0;
	}
	reverse(value, &turned);
	reverse(pattern, &turned_pattern);
	if (buf_check(&turned, err) < 0 || buf_check(&turned_pattern, err) < 0)
		return -1;
	reverse(span_from(buf_span(&turned),
			  match_front(buf_span(&turned_pattern), buf_span(&turned), longest)),
		out);
	return 0;
}

static bool parse_number(struct span s, long *ret)
{
	char text[24], *end;
	size_t digits = s.len && (s.data[0] == '-' || s.data[0] == '+') ? 1 : 0, i;

	if (s.len == digits || s.len >= sizeof(text))
		return false;
	for (i = digits; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	}
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	errno = 0;
	*ret = strtol(text, &end, 10);
	return errno == 0;
}

static int substring(struct span value, const struct span *args, size_t count, struct buf *out,
		     struct err *err)
{
	long pos, len, end, size = (long)value.len;

	if (!parse_number(args[0], &pos) || (count > 1 && !parse_number(args[1], &len))) {
		buf_add_span(out, value);
		return 0;
	}
	if (pos < 0)
		pos = pos + size < 0 ? 0 : pos + size;
	if (count == 1) {
		buf_add_span(out, span_from(value, (size_t)pos));
		return 0;
	}
	if (len < 0)
		/* Flux's reader breaks off here. */
		return err_set(err, ERR_FORMAT, "a substring of negative length");
	if (__builtin_add_overflow(pos, len, &end) || end >= size)
		end = size;
	buf_add_span(out, span_sub(value, (size_t)pos, pos < end ? (size_t)(end - pos) : 0));
	return 0;
}

/* At most max replacements. An empty text is found before each character and at the end. */
static void replace(struct span value, struct span old, struct span new, size_t max,
		    struct buf *out)
{
	uint32_t code;

	while (max-- > 0) {
		size_t hit = old.len ? span_search(value, old) : 0;

		if (hit == SIZE_MAX)
			break;
		buf_add_span(out, span_sub(value, 0, hit));
		buf_add_span(out, new);
		value = span_from(value, hit + old.len);
		if (!old.len) {
			size_t width = value.len ? next_rune(value, &code) : 0;

			if (!width)
				return;
			buf_add_span(out, span_sub(value, 0, width));
			value = span_from(value, width);
		}
	}
	buf_add_span(out, value);
}

static void replace_op(struct span op, struct span value, const struct span *args, size_t count,
		       struct buf *out)
{
	struct span new = count > 1 ? args[1] : span_of("", 0);
	uint8_t kind = op.len > 1 ? op.data[1] : 0;

	if (kind == '#' || kind == '%') {
		bool fits = kind == '#' ? span_starts(value, args[0]) : span_ends(value, args[0]);

		if (count < 2 || !fits) {
			buf_add_span(out, value);
		} else if (kind == '#') {
			buf_add_span(out, new);
			buf_add_span(out, span_from(value, args[0].len));
		} else {
			buf_add_span(out, span_sub(value, 0, value.len - args[0].len));
			buf_add_span(out, new);
		}
		return;
	}
	replace(value, args[0], new, kind == '/' ? SIZE_MAX : 1, out);
}

static int change_case(struct span op, struct span value, struct buf *out, struct err *err)
{
	size_t changed = op.len == 2 ? value.len : value.len > 0, i;

	/* `,^` is read as an operator, and does nothing. */
	if (op.len == 2 && op.data[0] != op.data[1])
		changed = 0;
	/* Differs: Flux changes letters of all alphabets. */
	if (!ascii_only(span_sub(value, 0, changed)))
		return err_set(err, ERR_UNSUPPORTED,
			       "upper and lower case of letters outside of ASCII");
	for (i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];

		if (i < changed && op.data[0] == ',' && c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		else if (i < changed && op.data[0] == '^' && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		buf_add_char(out, c);
	}
	return 0;
}

int envsubst_apply(struct span op, struct span value, const struct span *args, size_t count,
		   struct buf *out, struct err *err)
{
	int r = 0;

	switch (op.len ? op.data[0] : 0) {
	case ',':
	case '^':
		r = change_case(op, value, out, err);
		break;
	case '#':
	case '%':
		if (count)
			r = trim(op, value, args[0], out, err);
		else
			buf_printf(out, "%zu", value.len);
		break;
	case '/':
		replace_op(op, value, args, count, out);
		break;
	case ':':
		if (op.len == 1) {
			r = substring(value, args, count, out, err);
			break;
		}
		__attribute__((fallthrough));
	default:
		buf_add_span(out, value.len || !count ? value : args[0]);
	}
	return r < 0 ? -1 : buf_check(out, err);
}
