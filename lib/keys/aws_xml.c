/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader of the XML that STS sends; see aws_xml.h. It walks the tags with a stack of open names, and gives up where one does not fit.
 */
#include "keys/aws_xml.h"

#include "base/text.h"

enum {
	DEPTH_MAX = 16, /* the answers of STS have four levels */
	ENTITY_MAX = 8, /* bytes between '&' and ';': "#x10FFFF" */
};

struct walk {
	struct span xml;
	size_t at;
	struct span open[DEPTH_MAX];
	size_t depth;
};

static bool is_white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "&lt;", "&#65;", "&#x41;": the code point, 0 where it is none. */
static uint32_t entity(struct span name)
{
	static const struct {
		const char *name;
		uint8_t c;
	} named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
	bool hex = span_starts(name, SPAN("#x"));
	uint32_t code = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(named); i++) {
		if (span_is(name, named[i].name))
			return named[i].c;
	}
	if (!span_starts(name, SPAN("#")) || name.len > ENTITY_MAX)
		return 0;
	for (i = hex ? 2 : 1; i < name.len; i++) {
		uint8_t c = name.data[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (hex && ((c | 32) >= 'a' && (c | 32) <= 'f'))
			digit = (c | 32) - 'a' + 10u;
		else
			return 0;
		code = code * (hex ? 16 : 10) + digit;
	}
	return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) ? code : 0;
}

static bool add_text(struct span text, struct buf *out)
{
	size_t i, before = out->len;

	for (i = 0; i < text.len; i++) {
		size_t end;
		uint32_t code;

		if (text.data[i] != '&') {
			buf_add_char(out, text.data[i]);
			continue;
		}
		end = span_find(text, i, ';');
		code = end < text.len ? entity(span_sub(text, i + 1, end - i - 1)) : 0;
		if (!code) {
			buf_cut(out, before);
			return false;
		}
		utf8_add(code, out);
		i = end;
	}
	return true;
}

/* The name at the beginning of a tag's inside. */
static struct span name_of(struct span inside)
{
	size_t len = 0;

	while (len < inside.len && !is_white(inside.data[len]) && inside.data[len] != '/')
		len++;
	return span_sub(inside, 0, len);
}

enum step { STEP_OPEN, STEP_CLOSE, STEP_OTHER, STEP_END, STEP_BROKEN };

static bool all_white(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!is_white(text.data[i]))
			return false;
	}
	return true;
}

/* Goes over the next tag. *ret_text is what stood before it. */
static enum step next(struct walk *walk, struct span *ret_text)
{
	size_t start = span_find(walk->xml, walk->at, '<'), end;
	struct span inside, name;

	*ret_text = span_sub(walk->xml, walk->at, start - walk->at);
	if (!walk->depth && !all_white(*ret_text))
		return STEP_BROKEN;
	if (start == walk->xml.len)
		return walk->depth ? STEP_BROKEN : STEP_END;
	end = span_find(walk->xml, start, '>');
	if (end == walk->xml.len)
		return STEP_BROKEN;
	walk->at = end + 1;
	inside = span_sub(walk->xml, start + 1, end - start - 1);
	if (span_starts(inside, SPAN("?")))
		return walk->depth ? STEP_BROKEN : STEP_OTHER;
	if (span_starts(inside, SPAN("/"))) {
		name = name_of(span_from(inside, 1));
		if (!walk->depth || !span_eq(walk->open[walk->depth - 1], name))
			return STEP_BROKEN;
		walk->depth--;
		return STEP_CLOSE;
	}
	name = name_of(inside);
	if (!name.len || name.data[0] == '!' || span_find(inside, 0, '<') < inside.len)
		return STEP_BROKEN;
	if (span_ends(inside, SPAN("/")))
		return STEP_OTHER;
	if (walk->depth == DEPTH_MAX)
		return STEP_BROKEN;
	walk->open[walk->depth++] = name;
	return STEP_OPEN;
}

bool aws_xml_text(struct span xml, const char *parent, const char *name, struct buf *out)
{
	struct walk walk = {.xml = xml};
	size_t before = out->len;
	struct span text;
	bool found = false, inside = false;

	for (;;) {
		switch (next(&walk, &text)) {
		case STEP_OPEN:
			inside = !found && walk.depth > 1 &&
				 span_is(walk.open[walk.depth - 1], name) &&
				 span_is(walk.open[walk.depth - 2], parent);
			break;
		case STEP_CLOSE:
			if (inside && !add_text(text, out))
				return false;
			found = found || inside;
			inside = false;
			break;
		case STEP_OTHER:
			inside = false;
			break;
		case STEP_END:
			return found;
		case STEP_BROKEN:
			buf_cut(out, before);
			return false;
		}
	}
}
