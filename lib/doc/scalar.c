/* SPDX-License-Identifier: Apache-2.0
 *
 * What the text of a plain YAML scalar means, integers and booleans. Readers ask it for every plain scalar, the YAML writer to know
 * which strings need quotes. Floats and times are in scalar_float.c and scalar_time.c.
 *
 * Rules: go-yaml: resolve.go (resolve), encode.go (isBase60Float, isOldBool); Go: strconv (ParseInt, ParseUint, ParseBool).
 */
#include "doc/scalar.h"
#include "doc/scalar_internal.h"

#include "base/wipe.h"

static int digit_value(int c)
{
	if (scalar_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* The rest of d as an unsigned number; at least one digit unless `empty_ok`. */
static bool read_magnitude(struct scalar_cursor d, unsigned base, bool empty_ok, uint64_t *ret)
{
	uint64_t value = 0;
	bool any = empty_ok;

	for (int c; (c = scalar_next(&d)) >= 0; any = true) {
		unsigned digit = (unsigned)digit_value(c);

		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	if (any)
		*ret = value;
	return any;
}

static bool with_sign(uint64_t magnitude, bool negative, int64_t *ret)
{
	uint64_t most = (uint64_t)INT64_MAX + negative;

	if (magnitude > most)
		return false;
	*ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

/* Takes a base prefix off d: 0x, 0o, 0b in either case when a digit can follow, a leading 0 means octal. */
static unsigned take_base(struct scalar_cursor *d, bool *ret_empty_ok)
{
	struct scalar_cursor look = *d;

	*ret_empty_ok = false;
	if (scalar_next(&look) != '0')
		return 10;
	*d = look; /* "0" alone is octal without further digits: zero */
	int letter = scalar_next(&look) | 0x20;
	if (scalar_peek(&look) >= 0 && (letter == 'b' || letter == 'o' || letter == 'x')) {
		*d = look;
		return letter == 'b' ? 2 : letter == 'o' ? 8 : 16;
	}
	*ret_empty_ok = true;
	return 8;
}

/* Go's ParseInt(text, 0, 64), then ParseUint(text, 0, 64). */
static bool resolve_int(struct span text, struct doc_node *ret)
{
	struct scalar_cursor d = {text, 0, true};
	int sign = scalar_peek(&d);
	uint64_t magnitude = 0;
	bool empty_ok;

	if (sign == '+' || sign == '-')
		scalar_next(&d);
	if (scalar_peek(&d) < 0)
		return false;
	unsigned base = take_base(&d, &empty_ok);
	if (!read_magnitude(d, base, empty_ok, &magnitude))
		return false;
	if (with_sign(magnitude, sign == '-', &ret->integer)) {
		ret->kind = DOC_INT;
		return true;
	}
	if (sign == '+' || sign == '-')
		return false;
	ret->kind = DOC_UINT;
	ret->big = magnitude;
	return true;
}

/* A sign behind the prefix, as in 0b-101: resolve.go hands what stands behind a lower-case 0b or 0o to ParseInt. */
static bool resolve_late_sign(struct span text, struct doc_node *ret)
{
	struct scalar_cursor d = {text, 0, true};
	uint64_t magnitude = 0;

	if (scalar_next(&d) != '0')
		return false;
	int letter = scalar_next(&d), sign = scalar_next(&d);
	if ((letter != 'b' && letter != 'o') || (sign != '+' && sign != '-') ||
	    !read_magnitude(d, letter == 'b' ? 2 : 8, false, &magnitude) ||
	    !with_sign(magnitude, sign == '-', &ret->integer))
		return false;
	ret->kind = DOC_INT;
	return true;
}

static bool skip_decimals(struct scalar_cursor *d)
{
	bool any = false;

	for (; scalar_is_digit(scalar_peek(d)); any = true)
		scalar_next(d);
	return any;
}

/* resolve.go's yamlStyleFloat: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool has_float_shape(struct span text)
{
	struct scalar_cursor d = {text, 0, true};
	int c = scalar_peek(&d);

	if (c == '+' || c == '-')
		scalar_next(&d);
	bool whole = skip_decimals(&d);
	if (scalar_peek(&d) == '.') {
		scalar_next(&d);
		if (!skip_decimals(&d) && !whole)
			return false;
	} else if (!whole) {
		return false;
	}
	if ((scalar_peek(&d) | 0x20) == 'e') {
		scalar_next(&d);
		c = scalar_peek(&d);
		if (c == '+' || c == '-')
			scalar_next(&d);
		if (!skip_decimals(&d))
			return false;
	}
	return scalar_peek(&d) < 0;
}

static bool is_one_of(struct span text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(text, words[i]))
			return true;
	}
	return false;
}
#define IS_ONE_OF(text, words) is_one_of((text), (words), ARRAY_LEN(words))

enum {
	WORD_MAX =
		5 /* bytes of the longest word in the tables of resolve_word and of is_old_bool */
};

/* The words with a meaning. */
static bool resolve_word(struct span text, struct doc_node *ret)
{
	static const char *const nulls[] = {"~", "null", "Null", "NULL"};
	static const char *const trues[] = {"true", "True", "TRUE"};
	static const char *const falses[] = {"false", "False", "FALSE"};
	static const char *const nans[] = {".nan", ".NaN", ".NAN"};
	static const char *const infs[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"};
	static const char *const minus_infs[] = {"-.inf", "-.Inf", "-.INF"};

	if (text.len > WORD_MAX)
		return false;
	if (text.len == 0 || IS_ONE_OF(text, nulls)) {
		ret->kind = DOC_NULL;
	} else if (IS_ONE_OF(text, trues) || IS_ONE_OF(text, falses)) {
		ret->kind = DOC_BOOL;
		ret->boolean = (text.data[0] | 0x20) == 't';
	} else if (IS_ONE_OF(text, nans)) {
		ret->kind = DOC_FLOAT;
		ret->number = __builtin_nan("");
	} else if (IS_ONE_OF(text, infs) || IS_ONE_OF(text, minus_infs)) {
		ret->kind = DOC_FLOAT;
		ret->number = text.data[0] == '-' ? -__builtin_inf() : __builtin_inf();
	} else {
		return false;
	}
	return true;
}

/* What kind of text can follow a first byte: 0 only a string. */
static char first_hint(struct span text)
{
	uint8_t c = text.len ? text.data[0] : 'n';

	if (scalar_is_digit(c) || c == '+' || c == '-')
		return 'D';
	if (c == '.')
		return '.';
	return strchr("yYnNtTfFoO~", c) && c ? 'M' : 0;
}

void scalar_resolve_yaml(struct span text, struct doc_node *ret_node)
{
	char hint = first_hint(text);

	ret_node->str = SPAN_NULL;
	if (hint) {
		if (resolve_word(text, ret_node))
			return;
		if (hint == '.' && scalar_parse_float(text, &ret_node->number)) {
			ret_node->kind = DOC_FLOAT;
			return;
		}
		if (hint == 'D') {
			if (scalar_parse_yaml_time(text, &ret_node->time)) {
				ret_node->kind = DOC_TIME;
				return;
			}
			if (resolve_int(text, ret_node))
				return;
			if (has_float_shape(text) &&
			    scalar_parse_bare_float(text, &ret_node->number)) {
				ret_node->kind = DOC_FLOAT;
				return;
			}
			if (resolve_late_sign(text, ret_node))
				return;
		}
	}
	ret_node->kind = DOC_STRING;
	ret_node->str = text;
}

/* YAML 1.1's base 60: [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)? */
static bool is_base60(struct span s)
{
	size_t i = s.len && (s.data[0] == '+' || s.data[0] == '-');
	bool any = false;

	if (i >= s.len || !scalar_is_digit(s.data[i]))
		return false;
	while (i < s.len && (scalar_is_digit(s.data[i]) || s.data[i] == '_'))
		i++;
	while (i < s.len && s.data[i] == ':') {
		size_t from = ++i;

		while (i < s.len && i - from < 2 && scalar_is_digit(s.data[i]))
			i++;
		if (i == from || (i - from == 2 && s.data[from] > '5'))
			return false;
		any = true;
	}
	if (any && i < s.len && s.data[i] == '.') {
		i++;
		while (i < s.len && (scalar_is_digit(s.data[i]) || s.data[i] == '_'))
			i++;
	}
	return any && i == s.len;
}

static bool is_old_bool(struct span text)
{
	static const char *const words[] = {"y", "Y", "yes", "Yes", "YES", "on",  "On",  "ON",
					    "n", "N", "no",  "No",  "NO",  "off", "Off", "OFF"};

	return text.len <= WORD_MAX && IS_ONE_OF(text, words);
}

bool scalar_needs_quotes(struct span text)
{
	struct doc_node meaning = {0};
	CLEAN_WIPE(meaning);
	char hint = first_hint(text);

	if (!hint)
		return false;
	scalar_resolve_yaml(text, &meaning);
	return meaning.kind != DOC_STRING || (hint == 'M' && is_old_bool(text)) ||
	       (hint == 'D' && is_base60(text));
}

bool scalar_parse_int(struct span text, int64_t *ret)
{
	bool sign = text.len && (text.data[0] == '+' || text.data[0] == '-');
	uint64_t magnitude = 0;

	return read_magnitude((struct scalar_cursor){text, sign, false}, 10, false, &magnitude) &&
	       with_sign(magnitude, sign && text.data[0] == '-', ret);
}

bool scalar_parse_bool(struct span text, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	if (IS_ONE_OF(text, yes))
		*ret = true;
	else if (IS_ONE_OF(text, no))
		*ret = false;
	else
		return false;
	return true;
}

void scalar_add_int(int64_t value, struct buf *out)
{
	char text[24];
	CLEAN_WIPE(text);
	size_t at = sizeof(text);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		text[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		text[--at] = '-';
	buf_add(out, text + at, sizeof(text) - at);
}
