/* SPDX-License-Identifier: Apache-2.0
 *
 * Matching of selection patterns: re2.c puts the pattern into PCRE2's syntax, PCRE2 matches. Pattern and subjects both come from the
 * document, so no pattern may take long. PCRE2's backtracking matcher goes first, with few steps to spend: that is enough, and fast, for
 * what people write. Where it is not, its other matcher follows all paths at once, as RE2 does, which takes time in proportion to the
 * subject; where even that needs more than a named limit it is an error. Above both stands the time that a whole run may take. What nearly
 * every repository has, ^(data|stringData)$, is a list of words and needs neither of them. See regex.h.
 */
#include "sops/regex.h"

#include "base/buf.h"
#include "base/text.h"
#include "sops/re2.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

enum {
	STEPS_MAX =
		200 * 1000, /* of backtracking, over all places of a subject to begin at: some ms */
	STEPS_MIN = 1000,   /* at one place, however long the subject */
	STEPS_HEAP_KIB = 4096, /* for backtracking */
	STATES_MAX = 2000, /* paths followed at once; each character costs up to the square of it */
	STATE_INTS = 3,    /* PCRE2: pcre2_dfa_match.c (INTS_PER_STATEBLOCK) */
	SPARE_INTS = 64,   /* what the matcher has in the workspace besides */
	SLOW_SUBJECT_MAX = 8 * 1024, /* bytes of a subject that is followed so */
	SLOW_CALLS_MAX =
		100 * 1000, /* looks around a place, for (?m): one a character, as a rule */
	WORDS_MAX = 256,    /* bytes of a pattern that is matched word by word */
	SUBJECT_MAX = 3 * 256 * 1024 * 1024, /* a document's bytes, each made U+FFFD */
};

#define SECOND UINT64_C(1000000000)
/* Of all patterns of a run. What people write takes a microsecond for a key; one subject of the worst pattern found would take 7 s. */
#define WORK_MAX (3 * SECOND)
/* Not counted: so no honest document, however long, nor a busy machine comes near the bound. */
#define WORK_FREE (SECOND / 50000)

struct matcher {
	bool words; /* the pattern is ^word$ or ^(word|word)$, which is matched by itself; the rest is then not made */
	pcre2_code *quick, *slow; /* slow: made when it is first wanted */
	pcre2_match_data *found;
	pcre2_match_context *limits;
	struct buf pattern; /* a copy, for slow */
};

struct regex {
	struct matcher *matcher;
	struct regex_work *work, own; /* work: the run's, or own */
};

static uint64_t clock_now(void)
{
	struct timespec now = {.tv_sec = 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static pcre2_code *compile(struct span text, uint32_t options, struct err *err)
{
	pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
	pcre2_code *code = NULL;
	int error = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE where;

	/* A group of the pattern can be three of the translation, and a class or assertion within them two more. */
	if (limits && pcre2_set_parens_nest_limit(limits, 3 * RE2_DEPTH_MAX + 8) == 0)
		code = pcre2_compile(text.len ? text.data : (const uint8_t *)"", text.len,
				     options | PCRE2_UTF | PCRE2_NO_UTF_CHECK |
					     PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UCP |
					     PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE,
				     &error, &where, limits);
	pcre2_compile_context_free(limits);
	if (code)
		return code;
	switch (error) {
	case PCRE2_ERROR_NOMEMORY:
	case PCRE2_ERROR_HEAP_FAILED:
		(void)err_nomem(err);
		break;
	case PCRE2_ERROR_PATTERN_TOO_LARGE:
	case PCRE2_ERROR_PATTERN_TOO_COMPLICATED:
	case PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP:
	case PCRE2_ERROR_QUERY_BARJX_NEST_TOO_DEEP: /* said of plain groups too */
		/* Differs: Go compiles to as much as 128 MiB. */
		(void)err_set(err, ERR_LIMIT, "it is too large");
		break;
	case PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY:
		/* Differs: Go knows scripts of a newer Unicode than this PCRE2. */
		(void)err_set(err, ERR_UNSUPPORTED,
			      "it names a script that this system's PCRE2 does not know");
		break;
	default:
		(void)err_set(err, ERR_BUG, "its translation is refused (PCRE2 error %d)", error);
	}
	return NULL;
}

static void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	pcre2_code_free(m->quick);
	pcre2_code_free(m->slow);
	pcre2_match_data_free(m->found);
	pcre2_match_context_free(m->limits);
	buf_release(&m->pattern);
	free(m);
}

static int compile_quick(struct matcher *m, struct span pattern, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(RE2_OUTPUT_MAX);

	if (re2_translate(pattern, RE2_BACKTRACKING, &text, err) < 0)
		return -1;
	m->quick = compile(buf_span(&text), 0, err);
	return m->quick ? 0 : -1;
}

/* One run from the subject's first character on finds whether there is a match anywhere. (?C): asks at each character whether to go on. */
static int compile_slow(struct matcher *m, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(RE2_OUTPUT_MAX);

	buf_add_str(&text, "(?s:.)*(?C)(?:");
	if (re2_translate(buf_span(&m->pattern), RE2_PARALLEL, &text, err) < 0)
		return -1;
	buf_add_char(&text, ')');
	if (buf_check(&text, err) < 0)
		return -1;
	m->slow = compile(buf_span(&text), PCRE2_ANCHORED, err);
	return m->slow ? 0 : -1;
}

/* What stands between ^( and )$, or between ^ and $. */
static struct span between_anchors(struct span pattern)
{
	struct span inner = span_sub(pattern, 1, pattern.len - 2);

	if (inner.len >= 2 && inner.data[0] == '(' && inner.data[inner.len - 1] == ')')
		return span_sub(inner, 1, inner.len - 2);
	return inner;
}

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Words of letters, digits and _ only: no other character of a pattern means just itself to everybody who reads it. A | without parentheses around it
 * would end at the anchors. */
static bool is_words(struct span pattern)
{
	struct span inner;
	size_t i;

	if (pattern.len < 3 || pattern.len > WORDS_MAX || pattern.data[0] != '^' ||
	    pattern.data[pattern.len - 1] != '$')
		return false;
	inner = between_anchors(pattern);
	for (i = 0; i < inner.len; i++) {
		uint8_t c = inner.data[i];

		if (!is_plain(c) && (c != '|' || inner.len == pattern.len - 2))
			return false;
	}
	return true;
}

static bool match_words(struct span pattern, struct span subject)
{
	struct span inner = between_anchors(pattern);
	size_t at, end;

	for (at = 0; at <= inner.len; at = end + 1) {
		end = span_find(inner, at, '|');
		if (span_eq(span_sub(inner, at, end - at), subject))
			return true;
	}
	return false;
}

static int matcher_init(struct matcher *m, struct span pattern, struct err *err)
{
	m->pattern = (struct buf)BUF_INIT(RE2_PATTERN_MAX);
	m->words = is_words(pattern);
	if (!m->words && compile_quick(m, pattern, err) < 0)
		return -1;
	buf_add_span(&m->pattern, pattern);
	if (buf_check(&m->pattern, err) < 0)
		return -1;
	if (m->words)
		return 0;
	m->found = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->found || !m->limits)
		return err_nomem(err);
	(void)pcre2_set_heap_limit(m->limits, STEPS_HEAP_KIB);
	return 0;
}

int regex_compile(struct span pattern, struct regex_work *work, struct regex **ret_regex,
		  struct err *err)
{
	struct regex *regex = calloc(1, sizeof(*regex));

	if (regex)
		regex->matcher = calloc(1, sizeof(*regex->matcher));
	if (!regex || !regex->matcher) {
		regex_free(regex);
		return err_nomem(err);
	}
	regex->work = work ? work : &regex->own;
	if (matcher_init(regex->matcher, pattern, err) < 0) {
		regex_free(regex);
		return err_wrap(err, "pattern '%s'", text_quote(pattern).text);
	}
	*ret_regex = regex;
	return 0;
}

struct span regex_text(const struct regex *regex)
{
	return buf_span(&regex->matcher->pattern);
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	matcher_free(regex->matcher);
	free(regex);
}

/* What a matcher said: 0 or -1; 1 where it ran into a limit. */
static int verdict(int found, bool *ret_match, struct err *err)
{
	switch (found) {
	case PCRE2_ERROR_NOMATCH:
		*ret_match = false;
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_DFA_WSSIZE:
	case PCRE2_ERROR_DFA_RECURSE:
	case PCRE2_ERROR_CALLOUT:
		return 1;
	case PCRE2_ERROR_NOMEMORY:
		return err_nomem(err);
	default:
		if (found < 0)
			return err_set(err, ERR_BUG, "matching a pattern failed (PCRE2 error %d)",
				       found);
		*ret_match = true;
		return 0;
	}
}

static int match_quick(struct matcher *m, struct span s, bool *ret_match, struct err *err)
{
	/* PCRE2 counts anew for each place that a match may begin at. */
	size_t steps = STEPS_MAX / (s.len + 1);

	(void)pcre2_set_match_limit(m->limits, steps > STEPS_MIN ? (uint32_t)steps : STEPS_MIN);
	return verdict(
		pcre2_match(m->quick, s.data, s.len, 0, PCRE2_NO_UTF_CHECK, m->found, m->limits),
		ret_match, err);
}

/* cookie: when the run's time is over. */
static int go_on(pcre2_callout_block *at, void *cookie)
{
	const uint64_t *end = cookie;

	(void)at;
	return clock_now() > *end ? PCRE2_ERROR_CALLOUT : 0;
}

static int match_slow(struct matcher *m, struct span s, uint64_t end, bool *ret_match,
		      struct err *err)
{
	int workspace[2 * STATES_MAX * STATE_INTS + SPARE_INTS];
	int r = 1;

	if (!m->slow && compile_slow(m, err) < 0)
		return err_wrap(err, "pattern '%s'", text_quote(buf_span(&m->pattern)).text);
	(void)pcre2_set_match_limit(m->limits, SLOW_CALLS_MAX);
	(void)pcre2_set_callout(m->limits, go_on, &end);
	if (s.len <= SLOW_SUBJECT_MAX)
		r = verdict(pcre2_dfa_match(m->slow, s.data, s.len, 0,
					    PCRE2_NO_UTF_CHECK | PCRE2_DFA_SHORTEST, m->found,
					    m->limits, workspace, ARRAY_LEN(workspace)),
			    ret_match, err);
	/* Differs: Go has no limit on paths or on the subject. */
	if (r > 0)
		return err_set(err, ERR_LIMIT, "pattern '%s': matching it takes too long",
			       text_quote(buf_span(&m->pattern)).text);
	return r;
}

/* Go: a byte that begins no character is U+FFFD. */
static void replace_bad(struct span subject, struct buf *out)
{
	uint32_t code;
	size_t at, len;

	for (at = 0; at < subject.len; at += len) {
		len = utf8_next(subject, at, &code);
		if (len) {
			buf_add_span(out, span_sub(subject, at, len));
		} else {
			buf_add_str(out, "\xef\xbf\xbd");
			len = 1;
		}
	}
}

int regex_match(const struct regex *regex, struct span subject, bool *ret_match, struct err *err)
{
	CLEAN_BUF struct buf copy = BUF_INIT(SUBJECT_MAX);
	struct regex_work *work = regex->work;
	uint64_t start, took;
	int r;

	if (regex->matcher->words) {
		*ret_match = match_words(buf_span(&regex->matcher->pattern), subject);
		return 0;
	}
	if (work->spent >= WORK_MAX)
		return err_set(err, ERR_LIMIT,
			       "pattern '%s': matching the patterns of this run takes too long",
			       text_quote(buf_span(&regex->matcher->pattern)).text);

	if (!utf8_valid(subject)) {
		replace_bad(subject, &copy);
		if (buf_check(&copy, err) < 0)
			return -1;
		subject = buf_span(&copy);
	}
	if (!subject.data)
		subject = SPAN("");
	start = clock_now();
	r = match_quick(regex->matcher, subject, ret_match, err);
	if (r > 0)
		r = match_slow(regex->matcher, subject, start + WORK_MAX - work->spent, ret_match,
			       err);
	took = clock_now() - start;
	if (took > WORK_FREE)
		work->spent += took;
	return r;
}
