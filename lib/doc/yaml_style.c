/* SPDX-License-Identifier: Apache-2.0
 *
 * The style of YAML scalars; see yaml_style.h.
 *
 * sops turns every key and value into a node by printing it as a document of its own and reading that back (stores/yaml/store.go,
 * treeValueToNode), so the style found for the stand-alone document is the one that is printed, whatever surrounds it.
 */
#include "doc/yaml_style.h"

#include "base/text.h"
#include "doc/scalar.h"
#include "doc/yaml_class.h"
#include "doc/yaml_pen.h"

enum { BASE64_LINE = 70 /* go-yaml: resolve.go (encodeBase64) */ };

/* What go-yaml's emitter finds in a text. */
struct traits {
	bool indicators;          /* looks like syntax in block context */
	bool flow_indicators;     /* looks like syntax inside {...} and [...] */
	bool breaks, wide_breaks; /* has line breaks; others than LF */
	bool special;             /* has characters that only double quotes can write */
	bool tab;
	bool edge_space,
		trailing_space; /* begins or ends with a blank or a break; ends with a blank */
	bool break_space,
		space_break; /* a blank right behind a break; a break right behind a blank */
};

/* Printable ASCII that means nothing to YAML wherever it stands behind the first character. */
static bool is_ordinary(uint8_t c)
{
	static const bool ordinary[256] = {
		['!'] = true,         ['"'] = true,         ['$' ... '+'] = true,
		['-' ... '9'] = true, [';' ... '>'] = true, ['@' ... 'Z'] = true,
		['\\'] = true,        ['^' ... 'z'] = true, ['|'] = true,
		['~'] = true,
	};

	return ordinary[c];
}

static bool is_blank_or_end(struct span text, size_t at)
{
	return at >= text.len || text.data[at] == ' ' || text.data[at] == '\t';
}

static void find_first_indicator(struct span text, struct traits *t)
{
	uint8_t c = text.data[0];
	bool then_blank = is_blank_or_end(text, 1);

	if (span_starts(text, SPAN("---")) || span_starts(text, SPAN("...")))
		t->indicators = t->flow_indicators = true;
	if (c && strchr("#,[]{}&*!|>'\"%@`", c))
		t->indicators = t->flow_indicators = true;
	if (c == '?' || c == ':') {
		t->flow_indicators = true;
		t->indicators |= then_blank;
	}
	if (c == '-' && then_blank)
		t->indicators = t->flow_indicators = true;
}

static void find_indicator(struct span text, size_t at, bool after_white, struct traits *t)
{
	uint8_t c = text.data[at];

	if (c == ',' || c == '?' || c == ':' || c == '[' || c == ']' || c == '{' || c == '}')
		t->flow_indicators = true;
	if ((c == ':' && is_blank_or_end(text, at + 1)) || (c == '#' && after_white))
		t->indicators = t->flow_indicators = true;
}

/* go-yaml: emitterc.go (yaml_emitter_analyze_scalar) */
static struct traits analyze(struct span text)
{
	struct traits t = {.breaks = false};
	bool after_space = false, after_break = false, after_white = true;

	if (text.len == 0)
		return t;
	find_first_indicator(text, &t);
	for (size_t i = 0, width; i < text.len; i += width) {
		const uint8_t *at = text.data + i;

		if (is_ordinary(*at)) {
			for (width = 1; i + width < text.len && is_ordinary(at[width]);)
				width++;
			after_space = after_break = after_white = false;
			continue;
		}
		width = yaml_width(*at);
		bool space = *at == ' ', is_break = yaml_break_at(text, i) > 0;

		if (i > 0)
			find_indicator(text, i, after_white, &t);
		if (*at == '\t')
			t.tab = true;
		else if (!yaml_is_printable(at))
			t.special = true;
		if (space || is_break)
			t.edge_space |= i == 0 || i + width == text.len;
		t.trailing_space |= space && i + width == text.len;
		t.break_space |= space && after_break;
		t.space_break |= is_break && after_space;
		t.breaks |= is_break;
		t.wide_breaks |= is_break && *at != '\n';
		after_space = space;
		after_break = is_break;
		after_white = space || is_break || *at == '\t' || *at == 0;
	}
	return t;
}

static bool plain_fits(const struct traits *t, bool flow)
{
	return !(t->edge_space || t->break_space || t->space_break || t->tab || t->special ||
		 t->breaks || (flow ? t->flow_indicators : t->indicators));
}

static bool single_fits(const struct traits *t)
{
	return !(t->break_space || t->space_break || t->tab || t->special);
}

static bool literal_fits(const struct traits *t)
{
	return !(t->trailing_space || t->space_break || t->special);
}

/* The wish made possible: plain gives way to single, that to double quotes; a literal to double quotes. */
static enum yaml_style make_fit(enum yaml_style wish, const struct traits *t, bool flow)
{
	if (wish == YAML_LITERAL)
		return literal_fits(t) ? YAML_LITERAL : YAML_DOUBLE;
	if (wish == YAML_PLAIN && plain_fits(t, flow))
		return YAML_PLAIN;
	if (wish != YAML_DOUBLE && single_fits(t))
		return YAML_SINGLE;
	return YAML_DOUBLE;
}

/* What is not UTF-8 becomes base64, in lines where it is long. */
static void add_binary(struct span bytes, struct buf *scratch, struct yaml_scalar *ret)
{
	size_t start = scratch->len;

	base64_encode(bytes, true, scratch);
	size_t len = scratch->len - start, lines = len / BASE64_LINE + 1;
	if (lines > 1) {
		/* The lines go behind the whole; room first, as the whole must not move while it is read. */
		size_t from = start;

		if (!buf_room(scratch, len + lines))
			return;
		start = scratch->len;
		for (size_t part; from < start; from += part) {
			part = start - from < BASE64_LINE ? start - from : BASE64_LINE;
			buf_add(scratch, scratch->data + from, part);
			buf_add_char(scratch, '\n');
		}
	}
	ret->tag = "!!binary";
	ret->text = span_from(buf_span(scratch), start);
}

static void choose_string(struct span text, struct buf *scratch, struct yaml_scalar *ret)
{
	enum yaml_style wish = YAML_PLAIN;

	ret->text = text;
	if (!utf8_valid(text))
		add_binary(text, scratch, ret);
	else if (scalar_needs_quotes(text))
		wish = YAML_DOUBLE;
	if (span_find(ret->text, 0, '\n') < ret->text.len)
		wish = YAML_LITERAL;
	struct traits traits = analyze(ret->text);
	ret->style = make_fit(wish, &traits, false);
	ret->multiline = traits.breaks;
	ret->lost = ret->style == YAML_LITERAL && ret->text.data[0] == '\t';
	if (ret->style == YAML_PLAIN && span_is(text, "<<"))
		ret->tag = "!!merge";
}

/* The text of everything but strings. */
static int add_text(const struct doc_node *scalar, struct buf *out, struct err *err)
{
	switch ((enum doc_kind)scalar->kind) {
	case DOC_NULL:
		buf_add_str(out, "null");
		return 0;
	case DOC_BOOL:
		buf_add_str(out, scalar->boolean ? "true" : "false");
		return 0;
	case DOC_INT:
		scalar_add_int(scalar->integer, out);
		return 0;
	case DOC_UINT:
		buf_printf(out, "%llu", (unsigned long long)scalar->big);
		return 0;
	case DOC_FLOAT:
		scalar_add_float(scalar->number, FLOAT_YAML, out);
		return 0;
	case DOC_TIME:
		if (!scalar_add_time(&scalar->time, TIME_YAML, out))
			return err_set(err, ERR_EMIT, "a time outside the years 0 to 9999");
		return 0;
	default:
		return err_set(err, ERR_BUG, "not a scalar");
	}
}

int yaml_style_choose(const struct doc_node *scalar, struct buf *scratch, struct yaml_scalar *ret,
		      struct err *err)
{
	struct yaml_scalar chosen = {.style = YAML_PLAIN};
	size_t start = scratch->len;

	if (scalar->kind == DOC_STRING) {
		choose_string(scalar->str, scratch, &chosen);
	} else {
		if (add_text(scalar, scratch, err) < 0)
			return -1;
		chosen.text = span_from(buf_span(scratch), start);
	}
	if (buf_check(scratch, err) < 0)
		return -1;
	*ret = chosen;
	return 0;
}

int yaml_style_choose_key(struct span key, struct buf *scratch, struct yaml_scalar *ret,
			  struct err *err)
{
	struct yaml_scalar chosen = {.style = YAML_PLAIN};

	choose_string(key, scratch, &chosen);
	if (buf_check(scratch, err) < 0)
		return -1;
	*ret = chosen;
	return 0;
}

/* For the splicer: a style that reads back as the same value. Differences from sops: no literal that begins with a TAB, none with line breaks
 * that YAML 1.2 does not know, quotes where sops writes a merge tag and around YAML 1.1's `=`. */
static int choose_for_splice(struct span text, bool flow, struct yaml_scalar *ret, struct err *err)
{
	enum yaml_style wish = YAML_PLAIN;

	if (!utf8_valid(text))
		return err_set(err, ERR_EMIT,
			       "a string that is not UTF-8 can not be put into a YAML document");
	struct traits traits = analyze(text);
	if (traits.breaks)
		wish = flow || traits.wide_breaks || text.data[0] == '\t' ? YAML_DOUBLE
									  : YAML_LITERAL;
	else if (scalar_needs_quotes(text) || span_is(text, "<<") || span_is(text, "="))
		wish = YAML_DOUBLE;
	ret->text = text;
	ret->style = make_fit(wish, &traits, flow);
	ret->multiline = traits.breaks;
	return 0;
}

int yaml_scalar_add(const struct doc_node *scalar, enum yaml_place place, int column, int step,
		    struct buf *out, struct err *err)
{
	struct yaml_pen pen = yaml_pen_at_start(out, step);
	struct yaml_scalar chosen = {.style = YAML_PLAIN};

	if (scalar->kind != DOC_STRING)
		return add_text(scalar, out, err) < 0 ? -1 : buf_check(out, err);
	if (choose_for_splice(scalar->str, false, &chosen, err) < 0)
		return -1;
	pen.indent = column;
	pen.indent = yaml_pen_nested(
		&pen, place == YAML_IN_LIST ? YAML_SPOT_ELEMENT : YAML_SPOT_ENTRY, true);
	if (chosen.style != YAML_LITERAL) {
		yaml_pen_scalar(&pen, &chosen);
		return buf_check(out, err);
	}
	yaml_pen_literal_head(&pen, &chosen, pen.indent - column);
	yaml_pen_break(&pen);
	yaml_pen_literal_body(&pen, &chosen);
	if (chosen.text.data[chosen.text.len - 1] == '\n' && !out->bad)
		buf_cut(out, out->len - 1);
	return buf_check(out, err);
}

int yaml_scalar_add_line(const struct doc_node *scalar, struct buf *out, struct err *err)
{
	struct yaml_pen pen = yaml_pen_at_start(out, YAML_STEP_DEFAULT);
	struct yaml_scalar chosen = {.style = YAML_PLAIN};

	if (scalar->kind != DOC_STRING)
		return add_text(scalar, out, err) < 0 ? -1 : buf_check(out, err);
	if (choose_for_splice(scalar->str, true, &chosen, err) < 0)
		return -1;
	yaml_pen_scalar(&pen, &chosen);
	return buf_check(out, err);
}
