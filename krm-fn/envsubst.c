/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of ${...}; see envsubst.h. It follows Flux's, which is a scanner whose tokens depend on what is expected next: so what a closing
 * brace ends, and where `$$` counts as an escape, differs from place to place and from a shell.
 */
#include "envsubst.h"

#include "envsubst_ops.h"

#include "base/text.h"

enum token { TOKEN_ILLEGAL, TOKEN_END, TOKEN_TEXT, TOKEN_OPEN, TOKEN_CLOSE };

/* What a scan recognises beside the end. */
enum { SCAN_TEXT = 1, SCAN_OPEN = 2, SCAN_CLOSE = 4, SCAN_ESCAPE = 8 };

/* May c be the i-th byte of the token? i counts from 1. */
typedef bool accept_fn(uint8_t c, size_t i);

struct scanner {
	const struct envsubst *envsubst;
	struct span in;
	size_t pos;
	bool backslash; /* `\/` and `\\` are escapes too: within ${...} */
	struct buf token;
	unsigned depth;
};

static bool accept_all(uint8_t c, size_t i)
{
	return true;
}

static bool accept_name(uint8_t c, size_t i)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool accept_hashes(uint8_t c, size_t i)
{
	return c == '#' && i < 3;
}

static bool accept_percents(uint8_t c, size_t i)
{
	return c == '%' && i < 3;
}

static bool accept_hash(uint8_t c, size_t i)
{
	return c == '#' && i == 1;
}

static bool accept_colon(uint8_t c, size_t i)
{
	return c == ':' && i == 1;
}

static bool accept_colons(uint8_t c, size_t i)
{
	return c == ':';
}

static bool accept_default(uint8_t c, size_t i)
{
	return (i == 1 && c == ':') || (i == 2 && (c == '=' || c == '-' || c == '?' || c == '+'));
}

static bool accept_equal(uint8_t c, size_t i)
{
	return i == 1 && c == '=';
}

static bool accept_replace(uint8_t c, size_t i)
{
	return (i == 1 && c == '/') || (i == 2 && (c == '/' || c == '#' || c == '%'));
}

static bool accept_case(uint8_t c, size_t i)
{
	return (c == ',' || c == '^') && i < 3;
}

static bool accept_to_close(uint8_t c, size_t i)
{
	return c != '}';
}

static bool accept_to_colon(uint8_t c, size_t i)
{
	return c != ':' && c != '}';
}

static bool accept_slashes(uint8_t c, size_t i)
{
	return c == '/';
}

static bool accept_to_slash(uint8_t c, size_t i)
{
	return c != '/';
}

/* 0 at the end: a NUL ends the text for Flux too. */
static uint8_t at(const struct scanner *s, size_t off)
{
	return s->pos + off < s->in.len ? s->in.data[s->pos + off] : 0;
}

static bool is_escape(const struct scanner *s, unsigned mode)
{
	if (!(mode & SCAN_ESCAPE))
		return false;
	if (at(s, 0) == '$')
		return at(s, 1) == '$';
	return s->backslash && at(s, 0) == '\\' && (at(s, 1) == '/' || at(s, 1) == '\\');
}

/* One token; its text without escapes is in s->token. */
static enum token scan(struct scanner *s, accept_fn *accept, unsigned mode)
{
	buf_reset(&s->token);
	if (!at(s, 0))
		return TOKEN_END;
	if ((mode & SCAN_OPEN) && at(s, 0) == '$' && at(s, 1) == '{') {
		s->pos += 2;
		return TOKEN_OPEN;
	}
	if ((mode & SCAN_CLOSE) && at(s, 0) == '}') {
		s->pos++;
		return TOKEN_CLOSE;
	}
	if (!(mode & SCAN_TEXT))
		return TOKEN_ILLEGAL;
	while (at(s, 0)) {
		if ((mode & SCAN_OPEN) && at(s, 0) == '$' && at(s, 1) == '{')
			break;
		if (is_escape(s, mode))
			s->pos++;
		else if (!accept(at(s, 0), s->token.len + 1))
			break;
		buf_add_char(&s->token, at(s, 0));
		s->pos++;
	}
	return s->token.len ? TOKEN_TEXT : TOKEN_ILLEGAL;
}

static int bad(const struct scanner *s, const char *what, struct err *err)
{
	size_t line = 1, i;

	for (i = 0; i < s->pos && i < s->in.len; i++)
		line += s->in.data[i] == '\n';
	return err_set(err, ERR_FORMAT, "line %zu: %s", line, what);
}

static int close_brace(struct scanner *s, struct err *err)
{
	return scan(s, accept_all, SCAN_CLOSE) == TOKEN_CLOSE ? 0 : bad(s, "bad substitution", err);
}

/* One ${...} as it is read: its variable, its operator, its arguments. */
struct call {
	struct buf name, op, args[ENVSUBST_ARGS_MAX];
	size_t count;
};

#define CALL_INIT                                                                           \
	{                                                                                   \
		.name = BUF_INIT(ENVSUBST_OUTPUT_MAX), .op = BUF_INIT(ENVSUBST_OUTPUT_MAX), \
		.args = {                                                                   \
			BUF_INIT(ENVSUBST_OUTPUT_MAX),                                      \
			BUF_INIT(ENVSUBST_OUTPUT_MAX)                                       \
		}                                                                           \
	}

static void call_release(struct call *call)
{
	size_t i;

	buf_release(&call->name);
	buf_release(&call->op);
	for (i = 0; i < ARRAY_LEN(call->args); i++)
		buf_release(&call->args[i]);
}

static int read_call(struct scanner *s, struct buf *out, struct err *err);

static int read_op(struct scanner *s, struct call *call, accept_fn *accept, struct err *err)
{
	if (scan(s, accept, SCAN_TEXT) != TOKEN_TEXT)
		return bad(s, "bad substitution", err);
	buf_add_span(&call->op, buf_span(&s->token));
	return 0;
}

/* One piece of an argument: a text, or a ${...}. */
static int read_piece(struct scanner *s, accept_fn *accept, unsigned mode, struct buf *arg,
		      struct err *err)
{
	switch (scan(s, accept, mode | SCAN_OPEN)) {
	case TOKEN_OPEN:
		return read_call(s, arg, err);
	case TOKEN_TEXT:
		buf_add_span(arg, buf_span(&s->token));
		return 0;
	default:
		return bad(s, "unable to parse substitution within function", err);
	}
}

static int read_arg(struct scanner *s, struct call *call, accept_fn *accept, unsigned mode,
		    struct err *err)
{
	return read_piece(s, accept, mode, &call->args[call->count++], err);
}

static int read_default(struct scanner *s, struct call *call, struct err *err)
{
	if (read_op(s, call, at(s, 0) == '=' ? accept_equal : accept_default, err) < 0)
		return -1;
	/* All its pieces are one: the operator puts them together without anything between. */
	call->count = 1;
	while (at(s, 0) != '}') {
		if (read_piece(s, accept_to_close, SCAN_TEXT, &call->args[0], err) < 0)
			return -1;
	}
	return close_brace(s, err);
}

static int read_substring(struct scanner *s, struct call *call, struct err *err)
{
	if (read_op(s, call, accept_colon, err) < 0 ||
	    read_arg(s, call, accept_to_colon, SCAN_TEXT, err) < 0)
		return -1;
	switch (scan(s, accept_colons, SCAN_TEXT | SCAN_CLOSE)) {
	case TOKEN_CLOSE:
		return 0;
	case TOKEN_TEXT:
		break;
	default:
		return bad(s, "bad substitution", err);
	}
	if (read_arg(s, call, accept_to_close, SCAN_TEXT, err) < 0)
		return -1;
	return close_brace(s, err);
}

static int read_remove(struct scanner *s, struct call *call, accept_fn *accept, struct err *err)
{
	if (read_op(s, call, accept, err) < 0 ||
	    read_arg(s, call, accept_to_close, SCAN_TEXT, err) < 0)
		return -1;
	return close_brace(s, err);
}

static int read_replace(struct scanner *s, struct call *call, struct err *err)
{
	if (read_op(s, call, accept_replace, err) < 0 ||
	    read_arg(s, call, accept_to_slash, SCAN_TEXT | SCAN_ESCAPE, err) < 0)
		return -1;
	if (scan(s, accept_slashes, SCAN_TEXT) != TOKEN_TEXT)
		return bad(s, "bad substitution", err);
	if (at(s, 0) != '}' && read_arg(s, call, accept_to_close, SCAN_TEXT | SCAN_ESCAPE, err) < 0)
		return -1;
	return close_brace(s, err);
}

static int read_length(struct scanner *s, struct call *call, struct err *err)
{
	if (read_op(s, call, accept_hash, err) < 0)
		return -1;
	if (scan(s, accept_name, SCAN_TEXT) != TOKEN_TEXT)
		return bad(s, "bad substitution", err);
	buf_add_span(&call->name, buf_span(&s->token));
	return close_brace(s, err);
}

static int read_rest(struct scanner *s, struct call *call, struct err *err)
{
	if (at(s, 0) == '#' && !call->name.len)
		return read_length(s, call, err);
	/* Differs: Flux takes letters of other alphabets for names, of variables that can not be set. */
	if (scan(s, accept_name, SCAN_TEXT) != TOKEN_TEXT)
		return bad(s, "unable to parse variable name", err);
	buf_add_span(&call->name, buf_span(&s->token));
	switch (at(s, 0)) {
	case ':':
		if (accept_default(at(s, 1), 2))
			return read_default(s, call, err);
		/* Flux's reader loses its place there. */
		if (at(s, 1) >= 0x80)
			return bad(s, "bad substitution", err);
		return read_substring(s, call, err);
	case '=':
		return read_default(s, call, err);
	case ',':
	case '^':
		return read_op(s, call, accept_case, err) < 0 ? -1 : close_brace(s, err);
	case '/':
		return read_replace(s, call, err);
	case '#':
		return read_remove(s, call, accept_hashes, err);
	case '%':
		return read_remove(s, call, accept_percents, err);
	default:
		if (scan(s, accept_all, SCAN_CLOSE) != TOKEN_CLOSE)
			return bad(s, "missing closing brace", err);
		return 0;
	}
}

/* These say themselves what stands for a variable that is not there. */
static bool has_default(struct span op)
{
	return span_is(op, "=") || (op.len == 2 && op.data[0] == ':');
}

static int run_call(const struct scanner *s, const struct call *call, struct buf *out,
		    struct err *err)
{
	struct span value = SPAN_NULL, args[ENVSUBST_ARGS_MAX];
	size_t i;
	bool found;

	if (buf_check(&call->name, err) < 0 || buf_check(&call->op, err) < 0)
		return -1;
	for (i = 0; i < call->count; i++) {
		if (buf_check(&call->args[i], err) < 0)
			return -1;
		args[i] = buf_span(&call->args[i]);
	}
	found = s->envsubst->lookup(s->envsubst->cookie, buf_span(&call->name), &value);
	if (!found && s->envsubst->strict && !has_default(buf_span(&call->op))) {
		(void)err_set(err, ERR_NOT_FOUND, "variable '%s' is not set",
			      text_quote(buf_span(&call->name)).text);
		return err_hint(err, "set it in spec.postBuild, give it a default "
				     "(${VAR:=value}), or write $${VAR} for the text itself");
	}
	return envsubst_apply(buf_span(&call->op), value, args, call->count, out, err);
}

static int read_call(struct scanner *s, struct buf *out, struct err *err)
{
	CLEANUP(call_release) struct call call = CALL_INIT;

	if (s->depth == ENVSUBST_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "more than %d substitutions in each other",
			       ENVSUBST_DEPTH_MAX);
	s->depth++;
	s->backslash = true;
	if (read_rest(s, &call, err) < 0 || run_call(s, &call, out, err) < 0)
		return -1;
	s->depth--;
	return 0;
}

static void scanner_release(struct scanner *s)
{
	buf_release(&s->token);
}

int envsubst_run(const struct envsubst *envsubst, struct span text, struct buf *out,
		 struct err *err)
{
	CLEANUP(scanner_release)
	struct scanner s = {
		.envsubst = envsubst, .in = text, .token = BUF_INIT(ENVSUBST_OUTPUT_MAX)};

	for (;;) {
		s.backslash = false;
		switch (scan(&s, accept_all, SCAN_TEXT | SCAN_OPEN | SCAN_ESCAPE)) {
		case TOKEN_OPEN:
			if (read_call(&s, out, err) < 0)
				return -1;
			break;
		case TOKEN_TEXT:
			if (buf_check(&s.token, err) < 0)
				return -1;
			buf_add_span(out, buf_span(&s.token));
			break;
		default:
			return buf_check(out, err);
		}
	}
}

bool envsubst_is_name(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		if (!accept_name(name.data[i], 0) ||
		    (i == 0 && name.data[i] >= '0' && name.data[i] <= '9'))
			return false;
	}
	return name.len > 0;
}
