/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of a YAML text, before the scanner sees them: a byte order mark, UTF-16 turned into UTF-8, and a check of every character,
 * so that the scanner may trust what it reads (go.yaml.in/yaml/v3: readerc.go).
 *
 * Refuses: bytes that are not UTF-8 (or UTF-16 behind its mark), control characters other than TAB, LF, CR and NEL, U+FFFE, U+FFFF.
 */
#include "doc/yaml_input.h"

#include "base/text.h"

static bool allowed(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code <= 0x7E) ||
	       code == 0x85 || (code >= 0xA0 && code <= 0xFFFD) || code >= 0x10000;
}

static int refuse(struct span text, size_t at, const char *what, struct err *err)
{
	size_t line = 1, i;

	for (i = 0; i < at; i++)
		line += text.data[i] == '\n';
	return err_set(err, ERR_FORMAT, "line %zu: %s", line, what);
}

/* True where none of the eight bytes is below 0x20, DEL or above it. */
static bool plain_word(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t low = (word - ones * 0x20) & ~word, del = word ^ ones * 0x7F;

	del = (del - ones) & ~del;
	return !((low | del | word) & tops);
}

static int check(struct span text, struct err *err)
{
	size_t i = 0, width;
	uint64_t word;
	uint32_t code;

	while (i < text.len) {
		if (text.len - i >= sizeof(word)) {
			memcpy(&word, text.data + i, sizeof(word));
			if (plain_word(word)) {
				i += sizeof(word);
				continue;
			}
		}
		code = text.data[i];
		width = code < 0x80 ? 1 : utf8_next(text, i, &code);
		if (!width)
			return refuse(text, i, "the text is not UTF-8", err);
		if (!allowed(code))
			return refuse(text, i, "control characters are not allowed", err);
		i += width;
	}
	return 0;
}

static uint32_t unit(const uint8_t *c, bool big)
{
	return big ? (uint32_t)(c[0] << 8 | c[1]) : (uint32_t)(c[1] << 8 | c[0]);
}

static int from_utf16(struct span input, bool big, struct doc *doc, struct span *ret_text,
		      struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(DOC_INPUT_MAX);
	uint32_t code, low;
	size_t i;

	for (i = 2; i < input.len; i += 2) {
		if (input.len - i < 2)
			return err_set(err, ERR_FORMAT, "the text is not UTF-16");
		code = unit(input.data + i, big);
		if ((code & 0xFC00) == 0xDC00)
			return err_set(err, ERR_FORMAT, "the text is not UTF-16");
		if ((code & 0xFC00) == 0xD800) {
			i += 2;
			low = input.len - i >= 2 ? unit(input.data + i, big) : 0;
			if ((low & 0xFC00) != 0xDC00)
				return err_set(err, ERR_FORMAT, "the text is not UTF-16");
			code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
		}
		utf8_add(code, &text);
	}
	if (buf_check(&text, err) < 0)
		return -1;
	return arena_dup(&doc->arena, buf_span(&text), ret_text, err);
}

int yaml_input_open(struct span input, struct doc *doc, struct yaml_input *ret_input,
		    struct err *err)
{
	static const struct span mark = {(const uint8_t *)"\xEF\xBB\xBF", 3};
	struct yaml_input in = {.text = input};
	bool big = span_starts(input, SPAN("\xFE\xFF"));

	if (input.len > DOC_INPUT_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", DOC_INPUT_MAX);
	if (big || span_starts(input, SPAN("\xFF\xFE"))) {
		if (from_utf16(input, big, doc, &in.text, err) < 0)
			return -1;
		in.converted = true;
	} else if (span_starts(input, mark)) {
		in.from = mark.len;
	}
	/* Differs: sops loses the first character of lines behind a second byte order mark, and behind one anywhere that comes to lie at the
	 * start of its read buffer. The first is refused, the others are characters. */
	if (span_starts(span_from(in.text, in.from), mark))
		return err_set(err, ERR_FORMAT, "line 1: a second byte order mark");
	if (check(in.text, err) < 0)
		return -1;
	*ret_input = in;
	return 0;
}
