/* SPDX-License-Identifier: Apache-2.0
 *
 * What YAML 1.1 and JSON make of a tree; see flux_text_settle() in flux_text.h. go-yaml v2: resolve.go, decode.go; sigs.k8s.io/yaml
 */
#include "flux_text.h"

#include "place.h"

#include "base/text.h"
#include "doc/scalar.h"

#include <math.h>
#include <stdio.h>

static const double exact_max =
	9007199254740992.0; /* 2^53: a double says all that is below it exactly */

static bool is_word(struct span s, const char *const *words)
{
	for (; *words; words++) {
		if (span_is(s, *words))
			return true;
	}
	return false;
}

/* 1: true, 0: false, -1: neither. Those that both versions of YAML know are no strings in the tree. */
static int old_bool(struct span s)
{
	static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL};
	static const char *const no[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL};

	return is_word(s, yes) ? 1 : is_word(s, no) ? 0 : -1;
}

/* True where the text at `at` is s itself, without quotes, tag or anchor. */
static bool stands_plain(struct span text, size_t at, struct span s)
{
	return at <= text.len && span_starts(span_from(text, at), s);
}

static int settle_number(struct doc_node *node, struct err *err)
{
	CLEAN_BUF struct buf digits = BUF_INIT(512);
	double value = node->kind == DOC_INT    ? (double)node->integer
		       : node->kind == DOC_UINT ? (double)node->big
						: node->number;

	if (!isfinite(value))
		return err_set(err, ERR_UNSUPPORTED, "JSON has no text for this number");
	if (node->kind == DOC_INT && fabs(value) < exact_max)
		return 0;
	scalar_add_float(value, FLOAT_JSON, &digits);
	if (buf_check(&digits, err) < 0)
		return -1;
	scalar_resolve_yaml(buf_span(&digits), node);
	return 0;
}

static int settle_key(struct doc *doc, struct span text, struct doc_node *node, struct err *err)
{
	struct doc_node key = {.kind = DOC_STRING};
	int word = stands_plain(text, node->key_start, node->key) ? old_bool(node->key) : -1;
	char number[32];

	if (node->flags & DOC_KEY_BAD) {
		scalar_resolve_yaml(node->key, &key);
		if (key.kind == DOC_BOOL) {
			word = key.boolean;
		} else if (key.kind == DOC_INT) {
			int len = snprintf(number, sizeof(number), "%lld", (long long)key.integer);

			node->flags &= (uint8_t)~DOC_KEY_BAD;
			return arena_dup(&doc->arena, span_of(number, (size_t)len), &node->key,
					 err);
		} else if (key.kind != DOC_TIME) {
			return err_set(err, ERR_UNSUPPORTED, "a key that JSON can not say");
		}
		node->flags &= (uint8_t)~DOC_KEY_BAD;
	}
	if (word >= 0)
		node->key = word ? SPAN("true") : SPAN("false");
	return 0;
}

static int settle_value(struct doc *doc, struct span text, struct doc_node *node, struct err *err)
{
	int word;

	switch ((enum doc_kind)node->kind) {
	case DOC_STRING:
		word = node->flags & (DOC_QUOTED | DOC_BLOCK_TEXT) ? -1 : old_bool(node->str);
		if (word < 0 || !stands_plain(text, node->start, node->str))
			return 0;
		node->kind = DOC_BOOL;
		node->boolean = word;
		return 0;
	case DOC_TIME:
		node->kind = DOC_STRING;
		return arena_dup(&doc->arena, span_sub(text, node->start, node->end - node->start),
				 &node->str, err);
	case DOC_INT:
	case DOC_UINT:
	case DOC_FLOAT:
		return settle_number(node, err);
	default:
		return 0;
	}
}

static int settle(struct doc *doc, struct span text, struct doc_node *parent,
		  const struct place *up, struct err *err)
{
	struct place place = {.up = up};
	struct doc_node *kid;

	doc_each (kid, parent) {
		place.node = kid;
		if (kid->kind == DOC_COMMENT)
			continue;
		if ((kid->key.data && settle_key(doc, text, kid, err) < 0) ||
		    settle_value(doc, text, kid, err) < 0)
			return err_wrap(err, "%s", place_text(&place).text);
		if ((kid->kind == DOC_MAP || kid->kind == DOC_LIST) &&
		    settle(doc, text, kid, &place, err) < 0)
			return -1;
		place.index++;
	}
	return 0;
}

int flux_text_settle(struct doc *doc, struct span text, struct doc_node *object, struct err *err)
{
	return settle(doc, text, object, NULL, err);
}
