/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading godotenv's dialect; see godotenv.h.
 */
#include "godotenv.h"

#include "base/text.h"
#include "doc/white.h"

struct parser {
	struct span text; /* with LF line ends */
	size_t at;
	struct godotenv *env;
};

/* White space within a line; CR counts. godotenv's own set, on code points. */
static bool is_space(uint32_t c)
{
	return c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == ' ' || c == 0x85 ||
	       c == 0xa0;
}

/* The code point at s[at]; a byte that is not UTF-8 stands for one that is no space. */
static size_t next_char(struct span s, size_t at, uint32_t *ret)
{
	size_t len = utf8_next(s, at, ret);

	if (len)
		return len;
	*ret = 0xfffd;
	return 1;
}

static struct span trim_left(struct span s)
{
	uint32_t c;
	size_t at = 0, len;

	for (; at < s.len; at += len) {
		len = next_char(s, at, &c);
		if (!is_space(c))
			break;
	}
	return span_from(s, at);
}

static struct span trim_right(struct span s)
{
	while (s.len) {
		size_t at = s.len - 1;
		uint32_t c;

		while (at > 0 && s.len - at < 4 && (s.data[at] & 0xc0) == 0x80)
			at--;
		if (next_char(s, at, &c) != s.len - at || !is_space(c))
			break;
		s.len = at;
	}
	return s;
}

static int fail(const struct parser *p, size_t at, const char *what, struct err *err)
{
	size_t line = 1, i;

	for (i = 0; i < at && i < p->text.len; i++)
		line += p->text.data[i] == '\n';
	return err_set(err, ERR_FORMAT, "line %zu: %s", line, what);
}

/* To the next statement: over white space of every kind and comments. false at the end. */
static bool skip_to_statement(struct parser *p)
{
	for (;;) {
		struct span rest = white_trim_left(span_from(p->text, p->at));

		p->at = p->text.len - rest.len;
		if (!rest.len)
			return false;
		if (rest.data[0] != '#')
			return true;
		p->at += span_find(rest, 0, '\n');
	}
}

/* Bytes taken as Latin-1, as godotenv does; of its letters and digits only those remain that a Secret's key may have. */
static bool is_name_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.';
}

static int read_name(struct parser *p, struct span *ret_name, struct err *err)
{
	const struct span word = SPAN("export");
	struct span rest = span_from(p->text, p->at), after;
	size_t i;

	if (span_starts(rest, word)) {
		after = span_from(rest, word.len);
		if (trim_left(after).len < after.len)
			rest = trim_left(after);
	}
	p->at = p->text.len - rest.len;
	for (i = 0; i < rest.len; i++) {
		uint8_t c = rest.data[i];

		if (c == '=' || c == ':')
			break;
		/* Blanks may stand before the '='; a name with one inside is no key. */
		if (!is_name_char(c) && !is_space(c))
			return fail(p, p->at + i, "a character that no name has", err);
	}
	if (i == rest.len)
		return fail(p, p->at, "no '=' or ':' behind a name", err);
	*ret_name = white_trim_right(span_sub(rest, 0, i));
	for (size_t j = 0; j < ret_name->len; j++) {
		if (!is_name_char(ret_name->data[j]))
			return fail(p, p->at, "a blank inside a name", err);
	}
	if (!ret_name->len)
		return fail(p, p->at, "a value without a name", err);
	rest = trim_left(span_from(rest, i + 1));
	p->at = p->text.len - rest.len;
	return 0;
}

static const struct godotenv_entry *find(const struct godotenv *env, struct span key)
{
	size_t i;

	for (i = 0; i < env->count; i++) {
		if (span_eq(env->entries[i].key, key))
			return &env->entries[i];
	}
	return NULL;
}

static bool is_variable_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* One `$` at s[at] with what belongs to it: (\)? $ (()? {? NAME? }?. Returns the bytes that it takes. */
static size_t expand_one(const struct godotenv *env, struct span s, size_t at, struct buf *out)
{
	bool escaped = s.data[at] == '\\';
	size_t i = at + escaped + 1, name;
	const struct godotenv_entry *entry;

	i += i < s.len && s.data[i] == '(';
	i += i < s.len && s.data[i] == '{';
	for (name = i; i < s.len && is_variable_char(s.data[i]);)
		i++;
	if (escaped || i == name) {
		i += i < s.len && s.data[i] == '}';
		buf_add_span(out, span_sub(s, at + escaped, i - at - escaped));
		return i - at;
	}
	entry = find(env, span_sub(s, name, i - name));
	if (entry)
		buf_add_span(out, entry->value);
	i += i < s.len && s.data[i] == '}';
	return i - at;
}

static void expand_variables(const struct godotenv *env, struct span s, struct buf *out)
{
	size_t i = 0;

	while (i < s.len) {
		bool escaped = s.data[i] == '\\' && i + 1 < s.len && s.data[i + 1] == '$';

		if (escaped || s.data[i] == '$')
			i += expand_one(env, s, i, out);
		else
			buf_add_char(out, s.data[i++]);
	}
}

/* Two passes as in godotenv: \n and \r become line breaks, then any other backslash goes unless a $ follows. */
static void expand_escapes(struct span s, struct buf *first, struct buf *out)
{
	uint32_t c;
	size_t i, len;

	for (i = 0; i < s.len; i++) {
		uint8_t next = i + 1 < s.len ? s.data[i + 1] : '\n';

		if (s.data[i] != '\\' || next == '\n') {
			buf_add_char(first, s.data[i]);
		} else if (next == 'n' || next == 'r') {
			buf_add_char(first, next == 'n' ? '\n' : '\r');
			i++;
		} else {
			/* What follows is one character, so that it does not begin the next escape. */
			len = next_char(s, i + 1, &c);
			buf_add(first, s.data + i, 1 + len);
			i += len;
		}
	}
	s = buf_span(first);
	for (i = 0; i < s.len; i++) {
		if (s.data[i] == '\\' && i + 1 < s.len && s.data[i + 1] != '$') {
			len = next_char(s, i + 1, &c);
			buf_add(out, s.data + i + 1, len);
			i += len;
		} else {
			buf_add_char(out, s.data[i]);
		}
	}
}

/* Up to the line's end, or to a '#' behind white space: the last such one. */
static void read_plain(struct parser *p, struct buf *out)
{
	struct span rest = span_from(p->text, p->at), line;
	size_t end = 0, i, len, var;
	uint32_t c, before = 0;

	while (end < rest.len && rest.data[end] != '\n' && rest.data[end] != '\r')
		end++;
	line = span_sub(rest, 0, end);
	var = line.len;
	for (i = 0; i < line.len; i += len) {
		len = next_char(line, i, &c);
		if (c == '#' && i > 0 && is_space(before))
			var = i;
		before = c;
	}
	p->at += end;
	expand_variables(p->env, trim_right(trim_left(span_sub(line, 0, var))), out);
}

static struct span trim_quotes(struct span s, uint8_t quote)
{
	while (s.len && s.data[s.len - 1] == quote)
		s.len--;
	while (s.len && s.data[0] == quote)
		s = span_from(s, 1);
	return s;
}

static int read_quoted(struct parser *p, struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf first = BUF_INIT(GODOTENV_VALUE_MAX);
	CLEAN_BUF struct buf plain = BUF_INIT(GODOTENV_VALUE_MAX);
	struct span rest = span_from(p->text, p->at), value;
	uint8_t quote = rest.data[0];
	size_t i;

	for (i = 1; i < rest.len; i++) {
		if (rest.data[i] == quote && rest.data[i - 1] != '\\')
			break;
	}
	if (i == rest.len)
		return fail(p, p->at, "a quoted value without its end", err);
	p->at += i + 1;
	value = trim_quotes(span_sub(rest, 0, i), quote);
	if (quote == '\'') {
		buf_add_span(out, value);
		return 0;
	}
	expand_escapes(value, &first, &plain);
	if (buf_check(&first, err) < 0 || buf_check(&plain, err) < 0)
		return -1;
	expand_variables(p->env, buf_span(&plain), out);
	return 0;
}

static int put(struct godotenv *env, struct span key, struct span value, struct err *err)
{
	struct godotenv_entry *entry = (struct godotenv_entry *)find(env, key), *more;

	if (!entry && env->count == GODOTENV_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d values", GODOTENV_ENTRIES_MAX);
	if (!entry) {
		more = arena_grow(&env->arena, env->entries, env->count, &env->cap, sizeof(*more),
				  err);
		if (!more)
			return -1;
		env->entries = more;
		entry = &env->entries[env->count];
		if (arena_dup(&env->arena, key, &entry->key, err) < 0)
			return -1;
		entry->value = SPAN_NULL;
		env->count++;
	}
	return arena_dup(&env->arena, value, &entry->value, err);
}

static int read_statement(struct parser *p, struct err *err)
{
	CLEAN_BUF struct buf value = BUF_INIT(GODOTENV_VALUE_MAX);
	struct span name = SPAN_NULL;
	uint8_t c;

	if (read_name(p, &name, err) < 0)
		return -1;
	c = p->at < p->text.len ? p->text.data[p->at] : '\n';
	if (c != '"' && c != '\'')
		read_plain(p, &value);
	else if (read_quoted(p, &value, err) < 0)
		return -1;
	if (buf_check(&value, err) < 0)
		return -1;
	return put(p->env, name, buf_span(&value), err);
}

int godotenv_parse(struct span text, struct godotenv *ret_env, struct err *err)
{
	CLEAN_BUF struct buf lines = BUF_INIT(text.len + 1);
	struct parser p = {.env = ret_env};
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] != '\r' || i + 1 == text.len || text.data[i + 1] != '\n')
			buf_add_char(&lines, text.data[i]);
	}
	if (buf_check(&lines, err) < 0)
		return -1;
	p.text = buf_span(&lines);
	while (skip_to_statement(&p)) {
		if (read_statement(&p, err) < 0)
			return -1;
	}
	return 0;
}

void godotenv_release(struct godotenv *env)
{
	arena_release(&env->arena);
	env->entries = NULL;
	env->count = env->cap = 0;
}
