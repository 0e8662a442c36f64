/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields and texts as Go finds them; see go_text.h.
 */
#include "go_text.h"

#include "doc/scalar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
	MERGE_DEPTH_MAX = 32, /* `<<` in what `<<` names: real configs have one */
	NUMBER_MAX = 48,      /* bytes of a number's text */
	FLOAT32_DIGITS = 9,   /* so many tell every float32 from the next */
	EXPONENT_FROM = 6,    /* strconv's 'g' without a precision: plain below 1e6 ... */
	EXPONENT_TO = -4,     /* ... and from 1e-4 on */
};

static bool is_field(const struct doc_node *kid, const char *name)
{
	return kid->key.data && kid->key.len == strlen(name) &&
	       strncasecmp((const char *)kid->key.data, name, kid->key.len) == 0;
}

static const struct doc_node *field(const struct doc_node *map, const char *name, int depth)
{
	const struct doc_node *kid, *from, *found = NULL;

	if (!map || map->kind != DOC_MAP || depth == MERGE_DEPTH_MAX)
		return NULL;
	doc_each (kid, map) {
		if (is_field(kid, name) &&
		    (!found || memcmp(kid->key.data, found->key.data, kid->key.len) >= 0))
			found = kid;
	}
	if (found)
		return found;
	doc_each (kid, map) {
		if (!kid->key.data || !span_is(kid->key, "<<"))
			continue;
		found = field(kid, name, depth + 1);
		if (found || kid->kind != DOC_LIST)
			return found;
		doc_each (from, kid) {
			found = field(from, name, depth + 1);
			if (found)
				return found;
		}
	}
	return NULL;
}

const struct doc_node *go_json_field(const struct doc_node *map, const char *name)
{
	return field(map, name, 0);
}

bool go_json_is_twice(const struct doc_node *map, const char *name)
{
	const struct doc_node *kid;
	int n = 0;

	if (!map || map->kind != DOC_MAP)
		return false;
	doc_each (kid, map)
		n += is_field(kid, name);
	return n > 1;
}

/* The text that stands in the source, without tag and anchor. A null span where there is none. */
static struct span written(const struct doc_node *node, struct span source)
{
	struct span text = SPAN_NULL;

	if (!(node->flags & DOC_ALIASED) && node->end > node->start && node->end <= source.len)
		text = span_sub(source, node->start, node->end - node->start);
	while (text.len && (text.data[0] == '!' || text.data[0] == '&')) {
		while (text.len && text.data[0] != ' ' && text.data[0] != '\t')
			text = span_from(text, 1);
		while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
			text = span_from(text, 1);
	}
	return text;
}

/* A YAML 1.1 truth value, which is a text for sops. goyaml.v2: resolve.go */
static const char *old_bool(struct span text)
{
	static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"};
	static const char *const no[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++) {
		if (span_is(text, yes[i]))
			return "true";
		if (span_is(text, no[i]))
			return "false";
	}
	return NULL;
}

/* strconv.FormatFloat(v, 'g', -1, 32): the fewest digits that give the same float32. */
static void add_float32(double value, struct buf *out)
{
	float want = (float)value;
	char text[NUMBER_MAX], digits[NUMBER_MAX];
	int precision = 0, exponent, n = 0, i;
	const char *at;

	if (isnan(want) || isinf(want)) {
		buf_add_str(out, isnan(want) ? "NaN" : want < 0 ? "-Inf" : "+Inf");
		return;
	}
	do {
		(void)snprintf(text, sizeof(text), "%.*e", precision, (double)want);
	} while (strtof(text, NULL) != want && ++precision < FLOAT32_DIGITS);
	for (at = text; *at != 'e'; at++) {
		if (*at >= '0' && *at <= '9')
			digits[n++] = *at;
	}
	exponent = (int)strtol(at + 1, NULL, 10);
	if (text[0] == '-')
		buf_add_char(out, '-');
	if (exponent < EXPONENT_TO || exponent >= EXPONENT_FROM) {
		buf_add_char(out, (uint8_t)digits[0]);
		if (n > 1)
			buf_add_char(out, '.');
		buf_add(out, digits + 1, (size_t)n - 1);
		buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
		return;
	}
	if (exponent < 0)
		buf_add_str(out, "0.");
	for (i = -1; i > exponent; i--)
		buf_add_char(out, '0');
	for (i = 0; i < n || i <= exponent; i++) {
		if (i > 0 && i == exponent + 1)
			buf_add_char(out, '.');
		buf_add_char(out, i < n ? (uint8_t)digits[i] : '0');
	}
}

static int keep(const struct buf *made, struct arena *arena, struct span *ret, struct err *err)
{
	if (buf_check(made, err) < 0)
		return -1;
	return arena_dup(arena, buf_span(made), ret, err) < 0 ? -1 : 1;
}

int go_json_text(const struct doc_node *node, struct span source, struct arena *arena,
		 struct span *ret, struct err *err)
{
	CLEAN_BUF struct buf made = BUF_INIT(2 * NUMBER_MAX);
	const char *word = NULL;

	switch (node->kind) {
	case DOC_NULL:
		*ret = SPAN("");
		return 1;
	case DOC_STRING:
		if (!(node->flags & (DOC_QUOTED | DOC_BLOCK_TEXT)))
			word = old_bool(node->str);
		*ret = word ? span_str(word) : node->str;
		return 1;
	case DOC_BOOL:
		*ret = node->boolean ? SPAN("true") : SPAN("false");
		return 1;
	case DOC_INT:
		scalar_add_int(node->integer, &made);
		return keep(&made, arena, ret, err);
	case DOC_UINT:
		buf_printf(&made, "%llu", (unsigned long long)node->big);
		return keep(&made, arena, ret, err);
	case DOC_FLOAT:
		add_float32(node->number, &made);
		return keep(&made, arena, ret, err);
	case DOC_TIME:
		*ret = written(node, source);
		return ret->len > 0;
	default:
		return 0;
	}
}

int go_yaml_text(const struct doc_node *node, struct span source, struct arena *arena,
		 struct span *ret, struct err *err)
{
	struct span text;

	if (node->kind == DOC_STRING || node->kind == DOC_NULL || node->kind == DOC_MAP ||
	    node->kind == DOC_LIST) {
		*ret = node->kind == DOC_STRING ? node->str : SPAN("");
		return node->kind == DOC_STRING || node->kind == DOC_NULL;
	}
	text = written(node, source);
	if (!text.len)
		return go_json_text(node, source, arena, ret, err);
	*ret = text;
	return 1;
}

struct span go_json_key(const struct doc_node *entry, struct span source)
{
	uint8_t first = entry->key_start < source.len ? source.data[entry->key_start] : '"';
	const char *word = strchr("\"'?", first) ? NULL : old_bool(entry->key);

	return word ? span_str(word) : entry->key;
}
