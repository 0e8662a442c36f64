/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a command line. Blanks, tabs and line ends part words; a backslash takes the next character as it is, also between double
 * quotes and whatever that character is; single quotes take all up to the next one; a '#' where a word could begin starts a comment up to
 * the end of the line. There is no expansion, no substitution and no operator. github.com/google/shlex: shlex.go
 */
#include "shell_words.h"

enum state { BETWEEN, IN_WORD, ESCAPED, ESCAPED_IN_QUOTES, IN_DOUBLE, IN_SINGLE, IN_COMMENT };

struct splitter {
	char **words;
	size_t count;
	char *out; /* where the next character goes */
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void begin(struct splitter *split)
{
	split->words[split->count] = split->out;
}

static void end(struct splitter *split)
{
	*split->out++ = '\0';
	split->count++;
}

/* What a character does outside of quotes. */
static enum state plain(struct splitter *split, enum state state, uint8_t c)
{
	if (blank(c)) {
		if (state == IN_WORD)
			end(split);
		return BETWEEN;
	}
	if (state == BETWEEN) {
		if (c == '#')
			return IN_COMMENT;
		begin(split);
	}
	if (c == '\\')
		return ESCAPED;
	if (c == '"')
		return IN_DOUBLE;
	if (c == '\'')
		return IN_SINGLE;
	*split->out++ = (char)c;
	return IN_WORD;
}

static enum state step(struct splitter *split, enum state state, uint8_t c)
{
	switch (state) {
	case BETWEEN:
	case IN_WORD:
		return plain(split, state, c);
	case IN_COMMENT:
		return c == '\n' ? BETWEEN : IN_COMMENT;
	case IN_DOUBLE:
		if (c == '"')
			return IN_WORD;
		if (c == '\\')
			return ESCAPED_IN_QUOTES;
		break;
	case IN_SINGLE:
		if (c == '\'')
			return IN_WORD;
		break;
	case ESCAPED:
	case ESCAPED_IN_QUOTES:
		*split->out++ = (char)c;
		return state == ESCAPED ? IN_WORD : IN_DOUBLE;
	}
	*split->out++ = (char)c;
	return state;
}

int shell_words(struct span text, struct secret_pool *pool, char ***ret_words, size_t *ret_count,
		struct err *err)
{
	struct splitter split = {.count = 0};
	enum state state = BETWEEN;
	size_t i;

	if (span_find(text, 0, '\0') < text.len)
		return err_set(err, ERR_FORMAT, "command has a NUL");
	split.words =
		(char **)(void *)secret_alloc(pool, (SHELL_WORDS_MAX + 2) * sizeof(char *), err);
	/* Each word loses at least the character that ends it, but for the last. */
	split.out = split.words ? (char *)secret_alloc(pool, text.len + 1, err) : NULL;
	if (!split.out)
		return -1;
	for (i = 0; i < text.len; i++) {
		if (split.count > SHELL_WORDS_MAX)
			break;
		state = step(&split, state, text.data[i]);
	}
	if (state == ESCAPED || state == ESCAPED_IN_QUOTES)
		return err_set(err, ERR_FORMAT, "command ends with a backslash");
	if (state == IN_DOUBLE || state == IN_SINGLE)
		return err_set(err, ERR_FORMAT, "command has a quote that is not closed");
	if (state == IN_WORD)
		end(&split);
	if (split.count > SHELL_WORDS_MAX)
		return err_set(err, ERR_LIMIT, "command has more than %d words", SHELL_WORDS_MAX);
	split.words[split.count] = NULL;
	*ret_words = split.words;
	*ret_count = split.count;
	return 0;
}
