/* SPDX-License-Identifier: Apache-2.0
 *
 * Anchors, aliases, tags and directives (go.yaml.in/yaml/v3: scannerc.go). What a tag means is the business of yaml_build.
 */
#include "doc/yaml_fetch.h"

#include "doc/yaml_chars.h"

enum { VERSION_DIGITS_MAX = 2 };

/* Letters, digits, '_' and '-' at the cursor. */
static struct span word(struct yaml_scan *s)
{
	size_t from = s->pos;

	while (yaml_word(yaml_at(s, 0)))
		yaml_skip(s);
	return span_sub(s->in, from, s->pos - from);
}

int yaml_fetch_anchor(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	uint8_t c;

	ret_token->type = yaml_at(s, 0) == '*' ? TOKEN_ALIAS : TOKEN_ANCHOR;
	yaml_skip(s);
	ret_token->text = word(s);
	c = yaml_at(s, 0);
	if (!ret_token->text.len || !(yaml_blankz(s, 0) || (c && strchr("?:,]}%@`", c))))
		return yaml_fail(ret_token->start,
				 "the name of an anchor has letters, digits, '-' and '_' only",
				 err);
	ret_token->end = (uint32_t)s->pos;
	return 0;
}

/* %XX for each byte of one UTF-8 character. */
static int add_uri_escape(struct yaml_scan *s, struct err *err)
{
	struct yaml_mark mark = yaml_mark(s);
	size_t width = 0, n = 0;
	int high, low;
	uint8_t octet;

	do {
		high = yaml_hex(yaml_at(s, 1));
		low = yaml_hex(yaml_at(s, 2));
		if (yaml_at(s, 0) != '%' || high < 0 || low < 0)
			return yaml_fail(mark, "a tag has an incomplete %-escape", err);
		octet = (uint8_t)(high << 4 | low);
		if (!n) {
			width = octet >= 0xF8 || (octet & 0xC0) == 0x80 ? 0 : yaml_width(octet);
			if (!width)
				return yaml_fail(mark, "a tag has a %-escape that is not UTF-8",
						 err);
		} else if ((octet & 0xC0) != 0x80) {
			return yaml_fail(mark, "a tag has a %-escape that is not UTF-8", err);
		}
		buf_add_char(&s->scratch, octet);
		yaml_skip(s);
		yaml_skip(s);
		yaml_skip(s);
	} while (++n < width);
	return 0;
}

/* The characters of a tag behind `head`, which is part of it. At least one character, or a head, is needed. */
static int uri(struct yaml_scan *s, struct span head, struct span *ret_uri, struct err *err)
{
	static const char others[] = ";/?:@&=+$,.!~*'()[]%";
	struct yaml_mark mark = yaml_mark(s);
	size_t from = s->pos;
	uint8_t c;

	buf_reset(&s->scratch);
	for (c = yaml_at(s, 0); yaml_word(c) || (c && strchr(others, c)); c = yaml_at(s, 0)) {
		if (c != '%') {
			buf_add_char(&s->scratch, c);
			yaml_skip(s);
		} else if (add_uri_escape(s, err) < 0) {
			return -1;
		}
	}
	if (s->pos == from && !head.len)
		return yaml_fail(mark, "a tag is empty", err);
	/* The head's own '!' is not part of it. */
	if (head.len > 1) {
		struct buf *out = &s->scratch;
		size_t len = out->len;

		buf_add_span(out, span_from(head, 1));
		if (buf_check(out, err) < 0)
			return -1;
		memmove(out->data + head.len - 1, out->data, len);
		memcpy(out->data, head.data + 1, head.len - 1);
	}
	if (buf_check(&s->scratch, err) < 0)
		return -1;
	return arena_dup(&s->doc->arena, buf_span(&s->scratch), ret_uri, err);
}

/* "!", "!!" or "!name!"; what is not closed by a '!' is the beginning of a tag, not a handle. */
static struct span handle(struct yaml_scan *s)
{
	size_t from = s->pos;

	yaml_skip(s);
	(void)word(s);
	if (yaml_at(s, 0) == '!')
		yaml_skip(s);
	return span_sub(s->in, from, s->pos - from);
}

int yaml_fetch_tag(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	struct span head = SPAN("");

	ret_token->type = TOKEN_TAG;
	ret_token->text = SPAN("");
	if (yaml_at(s, 1) == '<') {
		yaml_skip(s);
		yaml_skip(s);
		if (uri(s, SPAN_NULL, &ret_token->more, err) < 0)
			return -1;
		if (yaml_at(s, 0) != '>')
			return yaml_fail(ret_token->start, "a tag is not closed by '>'", err);
		yaml_skip(s);
	} else {
		head = handle(s);
		if (head.len > 1 && head.data[head.len - 1] == '!') {
			ret_token->text = head;
			head = SPAN_NULL;
		}
		if (uri(s, head, &ret_token->more, err) < 0)
			return -1;
		if (head.len) {
			if (ret_token->more.len)
				ret_token->text = SPAN("!");
			else
				ret_token->more = SPAN("!");
		}
	}
	if (!yaml_blankz(s, 0))
		return yaml_fail(ret_token->start, "a tag needs a blank behind it", err);
	ret_token->end = (uint32_t)s->pos;
	return 0;
}

static int version_number(struct yaml_scan *s, unsigned *ret_number, struct err *err)
{
	unsigned digits = 0, number = 0;
	uint8_t c;

	for (c = yaml_at(s, 0); c >= '0' && c <= '9' && digits < VERSION_DIGITS_MAX; digits++) {
		number = number * 10 + (unsigned)(c - '0');
		yaml_skip(s);
		c = yaml_at(s, 0);
	}
	if (!digits)
		return yaml_fail(yaml_mark(s), "%YAML needs a version such as 1.1", err);
	*ret_number = number;
	return 0;
}

static int version(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	unsigned major, minor;

	ret_token->type = TOKEN_VERSION;
	yaml_skip_blanks(s);
	if (version_number(s, &major, err) < 0)
		return -1;
	if (yaml_at(s, 0) != '.')
		return yaml_fail(yaml_mark(s), "%YAML needs a version such as 1.1", err);
	yaml_skip(s);
	if (version_number(s, &minor, err) < 0)
		return -1;
	ret_token->style = major == 1 && minor == 1;
	return 0;
}

static int tag_directive(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	ret_token->type = TOKEN_TAG_DIRECTIVE;
	yaml_skip_blanks(s);
	if (yaml_at(s, 0) != '!')
		return yaml_fail(yaml_mark(s), "%TAG needs a handle such as !x!", err);
	ret_token->text = handle(s);
	if (ret_token->text.len > 1 && ret_token->text.data[ret_token->text.len - 1] != '!')
		return yaml_fail(yaml_mark(s), "%TAG needs a handle such as !x!", err);
	if (!yaml_blank(yaml_at(s, 0)))
		return yaml_fail(yaml_mark(s), "%TAG needs a handle and a prefix", err);
	yaml_skip_blanks(s);
	if (uri(s, SPAN_NULL, &ret_token->more, err) < 0)
		return -1;
	if (!yaml_blankz(s, 0))
		return yaml_fail(yaml_mark(s), "%TAG has a prefix that can not be", err);
	return 0;
}

int yaml_fetch_directive(struct yaml_scan *s, struct yaml_token *ret_token, struct err *err)
{
	struct span name;
	int r;

	yaml_skip(s);
	name = word(s);
	if (!name.len || !yaml_blankz(s, 0))
		return yaml_fail(ret_token->start, "a directive needs a name", err);
	if (span_is(name, "YAML"))
		r = version(s, ret_token, err);
	else if (span_is(name, "TAG"))
		r = tag_directive(s, ret_token, err);
	else
		r = yaml_fail(ret_token->start, "unknown directive", err);
	if (r < 0)
		return -1;
	ret_token->end = (uint32_t)s->pos;
	yaml_skip_blanks(s);
	if (yaml_at(s, 0) == '#') {
		while (!yaml_breakz(s, 0))
			yaml_skip(s);
	}
	if (!yaml_breakz(s, 0))
		return yaml_fail(yaml_mark(s), "text behind a directive", err);
	if (yaml_break(s, 0))
		yaml_skip_break(s);
	return 0;
}
