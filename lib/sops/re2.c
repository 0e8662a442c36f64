/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of RE2's syntax, with the flags that Go's regexp.Compile sets, printing PCRE2 as it goes (re2_print.h); see re2.h. The grammar is
 * that of Go: regexp/syntax/parse.go, to its corners: what a repetition operator applies to, which escapes there are, what `{` means where
 * no count follows. Refused is what Go refuses: look-around, back references, possessive and doubled operators, \C, counts above 1000, also
 * multiplied.
 */
#include "sops/re2.h"

#include "base/text.h"
#include "sops/re2_print.h"
#include "sops/re2_scan.h"

struct parser {
	struct re2_scan in;
	bool was_repeat; /* a repetition operator was the last thing read */
	struct re2_print to;
};

/* counted: written with braces. */
static int repeat(struct parser *p, bool counted, int min, int max, struct err *err)
{
	if (re2_next_is(&p->in, 0, '?'))
		p->in.at++;
	if (p->was_repeat)
		return re2_refuse("invalid nested repetition operator", err);
	return re2_print_repeat(&p->to, counted, min, max, err);
}

static int parse_operator(struct parser *p, struct err *err)
{
	uint8_t op = p->in.text.data[p->in.at++];

	return repeat(p, false, op == '+', op == '?' ? 1 : RE2_INFINITE, err);
}

static int parse_brace(struct parser *p, bool *ret_repeat, struct err *err)
{
	int min, max;

	if (!re2_take_counts(&p->in, &min, &max)) {
		p->in.at++;
		return re2_print_literal(&p->to, '{', err);
	}
	if (min > RE2_REPEAT_MAX || max > RE2_REPEAT_MAX || (max != RE2_INFINITE && min > max))
		return re2_refuse("invalid repeat count", err);
	*ret_repeat = true;
	return repeat(p, true, min, max, err);
}

static int parse_bracket(struct parser *p, struct err *err)
{
	struct re2_class class = {.arena = &p->to.arena, .fold = p->to.flags & RE2_FOLD};
	bool negated = false;

	if (re2_take_bracket(&p->in, &class, &negated, err) < 0)
		return -1;
	return re2_print_class(&p->to, &class, negated, err);
}

/* \Q...\E, or to the end. The text is literal; a repetition operator behind it applies to its last character. */
static int parse_literal_text(struct parser *p, struct err *err)
{
	size_t end;

	p->in.at += 2;
	end = span_search(span_from(p->in.text, p->in.at), SPAN("\\E"));
	end = end == SIZE_MAX ? p->in.text.len : p->in.at + end;
	while (p->in.at < end) {
		if (re2_print_literal(&p->to, re2_take(&p->in), err) < 0)
			return -1;
	}
	if (p->in.at < p->in.text.len)
		p->in.at += 2;
	return 0;
}

static int parse_backslash(struct parser *p, struct err *err)
{
	struct re2_class class = {.arena = &p->to.arena, .fold = p->to.flags & RE2_FOLD};
	uint32_t code = 0;
	int r;

	switch (p->in.at + 1 < p->in.text.len ? p->in.text.data[p->in.at + 1] : 0) {
	case 'A':
		re2_print_assertion(&p->to, "(?:\\A)");
		p->in.at += 2;
		return 0;
	case 'z':
		re2_print_assertion(&p->to, "(?:\\z)");
		p->in.at += 2;
		return 0;
	case 'b': /* of ASCII words in both, as UCP is off */
		re2_print_assertion(&p->to, "(?:\\b)");
		p->in.at += 2;
		return 0;
	case 'B':
		re2_print_assertion(&p->to, "(?:\\B)");
		p->in.at += 2;
		return 0;
	case 'Q':
		return parse_literal_text(p, err);
	default:
		break;
	}
	r = re2_take_class_escape(&p->in, &class, err);
	if (r < 0)
		return -1;
	if (r == 0)
		return re2_print_class(&p->to, &class, false, err);
	if (re2_take_escape(&p->in, &code, err) < 0)
		return -1;
	return re2_print_literal(&p->to, code, err);
}

/* (?P<name> and (?<name>. A name may come twice. */
static int parse_named_group(struct parser *p, size_t name_at, struct err *err)
{
	size_t end = span_find(p->in.text, name_at, '>'), i;

	if (end == p->in.text.len || end == name_at)
		return re2_refuse("invalid named capture", err);
	for (i = name_at; i < end; i++) {
		if (!re2_is_alnum(p->in.text.data[i]) && p->in.text.data[i] != '_')
			return re2_refuse("invalid named capture", err);
	}
	p->in.at = end + 1;
	return re2_print_open(&p->to, true, p->to.flags, err);
}

/* What begins with (?. Go: parsePerlFlags */
static int parse_flags(struct parser *p, struct err *err)
{
	uint8_t flags = p->to.flags, flag;
	bool minus = false, saw = false;

	if (re2_next_is(&p->in, 2, 'P') && re2_next_is(&p->in, 3, '<'))
		return parse_named_group(p, p->in.at + 4, err);
	if (re2_next_is(&p->in, 2, '<'))
		return parse_named_group(p, p->in.at + 3, err);
	for (p->in.at += 2; re2_more(&p->in); p->in.at++) {
		switch (p->in.text.data[p->in.at]) {
		case 'i':
			flag = RE2_FOLD;
			break;
		case 'm':
			flag = RE2_LINES;
			break;
		case 's':
			flag = RE2_DOT_NEWLINE;
			break;
		case 'U':
			flag = RE2_UNGREEDY;
			break;
		case '-':
			if (minus)
				goto bad;
			minus = true;
			saw = false;
			continue;
		case ':':
		case ')':
			if (minus && !saw)
				goto bad;
			if (p->in.text.data[p->in.at++] == ':')
				return re2_print_open(&p->to, false, flags, err);
			p->to.flags = flags;
			return 0;
		default:
			goto bad;
		}
		flags = (uint8_t)(minus ? flags & ~flag : flags | flag);
		saw = true;
	}
bad:
	return re2_refuse("invalid or unsupported Perl syntax", err);
}

static int parse_one(struct parser *p, struct err *err)
{
	struct re2_class none = {.arena = &p->to.arena};
	bool repeated = false;
	int r = 0;

	switch (p->in.text.data[p->in.at]) {
	case '(':
		if (re2_next_is(&p->in, 1, '?')) {
			r = parse_flags(p, err);
			break;
		}
		p->in.at++;
		r = re2_print_open(&p->to, true, p->to.flags, err);
		break;
	case ')':
		p->in.at++;
		r = re2_print_close(&p->to, err);
		break;
	case '|':
		p->in.at++;
		re2_print_or(&p->to);
		break;
	case '^':
		p->in.at++;
		re2_print_assertion(&p->to,
				    p->to.flags & RE2_LINES ? "(?:(?<![^\\x{a}]))" : "(?:\\A)");
		break;
	case '$':
		p->in.at++;
		re2_print_assertion(&p->to,
				    p->to.flags & RE2_LINES ? "(?:(?![^\\x{a}]))" : "(?:\\z)");
		break;
	case '.':
		p->in.at++;
		if (!(p->to.flags & RE2_DOT_NEWLINE))
			r = re2_class_add(&none, '\n', '\n', err);
		if (r == 0)
			r = re2_print_class(&p->to, &none, true, err);
		break;
	case '[':
		r = parse_bracket(p, err);
		break;
	case '*':
	case '+':
	case '?':
		repeated = true;
		r = parse_operator(p, err);
		break;
	case '{':
		r = parse_brace(p, &repeated, err);
		break;
	case '\\':
		r = parse_backslash(p, err);
		break;
	default:
		r = re2_print_literal(&p->to, re2_take(&p->in), err);
	}
	p->was_repeat = repeated;
	return r;
}

static int translate(struct parser *p, struct err *err)
{
	while (re2_more(&p->in)) {
		if (parse_one(p, err) < 0)
			return -1;
	}
	return re2_print_end(&p->to, err);
}

int re2_translate(struct span pattern, enum re2_form form, struct buf *out, struct err *err)
{
	struct parser p = {.in = {.text = pattern}};
	int r;

	if (pattern.len > RE2_PATTERN_MAX)
		return err_set(err, ERR_LIMIT, "a pattern of %zu bytes; the limit is %d",
			       pattern.len, RE2_PATTERN_MAX);
	if (!utf8_valid(pattern))
		return re2_refuse("invalid UTF-8", err);
	r = re2_print_begin(&p.to, form, out, err);
	if (r == 0)
		r = translate(&p, err);
	re2_print_release(&p.to);
	return r;
}
