/* SPDX-License-Identifier: Apache-2.0
 *
 * Which leaves are encrypted: the six rules as state machines of the walk.
 */
#include "mangle.h"

#include "sops/sops_rule.h"

/* A walk in letters: `k` text ` ` goes below a key, `(` enters a map or list and `)` leaves it, `#` text ` ` meets a comment, `.` passes an
 * entry; `E`, `C` claim that a leaf here is encrypted or clear, `e`, `c` the same of a comment. A `k` is forgotten at the next `.`. */
enum { DEPTH = 16 };

static void walk(enum sops_rule_kind kind, const char *text, const char *steps)
{
	struct sops_meta meta = {.rule = kind, .rule_text = span_str(text)};
	CLEAN_SOPS_RULE struct sops_rule rule = {.regex = NULL};
	struct sops_rule_state at[DEPTH] = {{.key_hit = false}}, below = at[0];
	struct err err = ERR_INIT;
	const char *s = steps;
	size_t depth = 0;

	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	sops_rule_enter(&at[0]);
	below = at[0];
	for (; *s; s++) {
		struct span word = span_of(s + 1, strcspn(s + 1, " "));
		bool comment = *s == 'e' || *s == 'c';

		switch (*s) {
		case 'k':
			assert_int_equal(sops_rule_key(&rule, word, &below, &err), 0);
			s += word.len + 1;
			break;
		case '#':
			assert_int_equal(sops_rule_comment(&rule, word, &at[depth], &err), 0);
			below = at[depth];
			s += word.len + 1;
			break;
		case '(':
			at[++depth] = below;
			sops_rule_enter(&at[depth]);
			below = at[depth];
			break;
		case ')':
			below = at[--depth];
			break;
		case '.':
			sops_rule_pass(&at[depth]);
			below = at[depth];
			break;
		default:
			if (sops_rule_encrypts(&rule, &below, comment) != (*s == 'E' || *s == 'e'))
				fail_msg("%s: at '%s'", steps, s);
		}
	}
}

static void suffixes(void **state)
{
	walk(SOPS_RULE_UNENCRYPTED_SUFFIX, "_u", "kx E.kx_u C.k_u C.kx_un E.k E.");
	walk(SOPS_RULE_UNENCRYPTED_SUFFIX, "_u", "kx_u (ky C.(c)C.).ky E.");
	walk(SOPS_RULE_UNENCRYPTED_SUFFIX, "_u", "kx (ky_u C.kz E.e).e");
	walk(SOPS_RULE_ENCRYPTED_SUFFIX, "_e", "kx C.kx_e E.kx_e (ky (kz E.e).).ky C.c");
}

static void patterns(void **state)
{
	walk(SOPS_RULE_ENCRYPTED_REGEX, "^(data|stringData)$",
	     "kdata (kx E.e).kmetadata (kname C.kdata E.c).c");
	walk(SOPS_RULE_ENCRYPTED_REGEX, "pass", "kmypassword E.kuser C.");
	walk(SOPS_RULE_UNENCRYPTED_REGEX, "^kind$", "kkind C.kkinds E.kx (kkind C.ky E.).");
}

static void comments_that_keep_clear(void **state)
{
	/* a comment counts for itself, for the next entry at its level and all below that, and is spent then */
	walk(SOPS_RULE_UNENCRYPTED_COMMENT_REGEX, "plain", "#plain ckx C.kx E.");
	walk(SOPS_RULE_UNENCRYPTED_COMMENT_REGEX, "plain",
	     "#plain c#more ckx (ky C.kz C.(C)).kx E.");
	walk(SOPS_RULE_UNENCRYPTED_COMMENT_REGEX, "plain", "#other ekx (#plain cky C.kz E.).kx E.");
}

static void comments_that_encrypt(void **state)
{
	/* the comment itself stays clear, those after it do not */
	walk(SOPS_RULE_ENCRYPTED_COMMENT_REGEX, "secret", "#secret ckx E.kx C.");
	walk(SOPS_RULE_ENCRYPTED_COMMENT_REGEX, "secret",
	     "#a c#secret c#b e#secret ekx E.#c ckx C.");
	walk(SOPS_RULE_ENCRYPTED_COMMENT_REGEX, "secret",
	     "#secret ckx (#in eky E.kz E.(#x eE)).kx C.");
	walk(SOPS_RULE_ENCRYPTED_COMMENT_REGEX, "secret", "kx (#secret cky E.kz C.).kw C.");
}

static void differs_refuses_bad_pattern(void **state)
{
	static const enum sops_rule_kind kinds[] = {
		SOPS_RULE_UNENCRYPTED_REGEX,
		SOPS_RULE_ENCRYPTED_REGEX,
		SOPS_RULE_UNENCRYPTED_COMMENT_REGEX,
		SOPS_RULE_ENCRYPTED_COMMENT_REGEX,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct sops_meta meta = {.rule = kinds[i], .rule_text = SPAN("(")};
		CLEAN_SOPS_RULE struct sops_rule rule = {.regex = NULL};
		struct err err = ERR_INIT;

		assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), -1);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

/* A rule that is filled again: the pattern is kept where it is the same, and nothing else of it. */
static void keeps_a_pattern_that_comes_again(void **state)
{
	struct sops_meta meta = {.rule = SOPS_RULE_ENCRYPTED_REGEX, .rule_text = SPAN("^data$")};
	CLEAN_SOPS_RULE struct sops_rule rule = {.regex = NULL};
	struct sops_rule_state at = {.key_hit = false};
	struct err err = ERR_INIT;
	const struct regex *first;

	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	first = rule.regex;
	meta.rule_text = span_str("^data$");
	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	assert_ptr_equal(rule.regex, first);
	meta.rule_text = SPAN("^b$");
	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	assert_int_equal(sops_rule_key(&rule, SPAN("data"), &at, &err), 0);
	assert_false(at.key_hit);
	assert_int_equal(sops_rule_key(&rule, SPAN("b"), &at, &err), 0);
	assert_true(at.key_hit);
	meta.rule = SOPS_RULE_UNENCRYPTED_REGEX;
	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	assert_int_equal(rule.kind, SOPS_RULE_UNENCRYPTED_REGEX);
	meta = (struct sops_meta){.rule = SOPS_RULE_ENCRYPTED_SUFFIX, .rule_text = SPAN("_x")};
	assert_int_equal(sops_rule_init(&meta, NULL, &rule, &err), 0);
	assert_null(rule.regex);
	assert_true(span_is(rule.suffix, "_x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suffixes),
		cmocka_unit_test(patterns),
		cmocka_unit_test(comments_that_keep_clear),
		cmocka_unit_test(comments_that_encrypt),
		cmocka_unit_test(differs_refuses_bad_pattern),
		cmocka_unit_test(keeps_a_pattern_that_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
