/* SPDX-License-Identifier: Apache-2.0
 *
 * The ground: buffers, arena, locked memory, errors, UTF-8 and quoting. In builds with the test hooks (SAN=1) also that no block goes back
 * to the allocator with anything in it. Base64 has its own file.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/wipe.h"

#include "mangle.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char secret_text[] = "hunter2-hunter2-hunter2-hunter2-";

/* Buffers */

static void buf_takes_exactly_its_limit(void **state)
{
	static const size_t limits[] = {0, 1, 2, 127, 128, 255, 256, 257, 1000, 4096, 5000};
	struct err err = ERR_INIT;
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(limits); i++) {
		CLEAN_BUF struct buf buf = BUF_INIT(limits[i]);

		for (n = 0; n < limits[i]; n++)
			buf_add_char(&buf, (uint8_t)n);
		assert_int_equal(buf_check(&buf, &err), 0);
		assert_int_equal(buf.len, limits[i]);
		assert_true(buf.cap <= buf.limit);
		for (n = 0; n < limits[i]; n++)
			assert_int_equal(buf.data[n], (uint8_t)n);
		buf_add_char(&buf, 'x');
		assert_int_equal(buf_check(&buf, &err), -1);
		assert_int_equal(err.code, ERR_LIMIT);
		assert_int_equal(buf.len, limits[i]);
	}
}

static void buf_printf_takes_exactly_its_limit(void **state)
{
	CLEAN_BUF struct buf fits = BUF_INIT(5), over = BUF_INIT(4);

	buf_printf(&fits, "%s%d", "abc", 12);
	assert_int_equal(fits.bad, ERR_NONE);
	assert_true(span_is(buf_span(&fits), "abc12"));
	buf_printf(&over, "%s%d", "abc", 12);
	assert_int_equal(over.bad, ERR_LIMIT);
	assert_int_equal(over.len, 0);
}

static void buf_printf_prints_any_length(void **state)
{
	enum { LONGEST = 600 };
	char text[LONGEST + 1];
	size_t len;

	for (len = 0; len <= LONGEST; len++) {
		CLEAN_BUF struct buf buf = BUF_INIT(4096);

		memset(text, 'a' + (int)(len % 26), len);
		text[len] = '\0';
		buf_add_char(&buf, '<');
		buf_printf(&buf, "%s>", text);
		assert_int_equal(buf.len, len + 2);
		assert_true(buf.data[0] == '<' && buf.data[len + 1] == '>' &&
			    memcmp(buf.data + 1, text, len) == 0);
	}
}

static void buf_keeps_the_first_failure(void **state)
{
	CLEAN_BUF struct buf buf = BUF_INIT(4);
	struct err err = ERR_INIT;

	buf_add_str(&buf, "abc");
	buf_add_str(&buf, "de");
	buf_add_str(&buf, "f"); /* would fit */
	buf_add_fill(&buf, 'g', 1);
	buf_printf(&buf, "h");
	buf_add_char(&buf, 'i');
	assert_null(buf_room(&buf, 1));
	assert_true(span_is(buf_span(&buf), "abc"));
	assert_int_equal(buf_check(&buf, &err), -1);
	assert_string_equal(err.msg, "more than 4 bytes");
	buf_reset(&buf);
	assert_int_equal(buf_check(&buf, &err), 0);
	buf_add_str(&buf, "abcd");
	assert_true(span_is(buf_span(&buf), "abcd"));
}

static void buf_refuses_a_length_that_overflows(void **state)
{
	CLEAN_BUF struct buf buf = BUF_INIT(SIZE_MAX);

	buf_add_char(&buf, 'a');
	assert_null(buf_room(&buf, SIZE_MAX));
	assert_int_equal(buf.bad, ERR_LIMIT);
	assert_true(span_is(buf_span(&buf), "a"));
}

static void buf_has_room_for_nothing(void **state)
{
	CLEAN_BUF struct buf buf = BUF_INIT(16), none = BUF_INIT(0);

	assert_non_null(buf_room(&buf, 0));
	assert_non_null(buf_room(&none, 0));
	assert_int_equal(none.bad, ERR_NONE);
	assert_null(buf_room(&none, 1));
}

static void buf_cuts_and_moves(void **state)
{
	CLEAN_BUF struct buf a = BUF_INIT(100), b = BUF_INIT(7);

	buf_add_str(&a, "abcdef");
	buf_cut(&a, 9);
	assert_int_equal(a.len, 6);
	buf_cut(&a, 3);
	assert_true(span_is(buf_span(&a), "abc"));
	assert_true(a.data[3] == 0 && a.data[4] == 0 && a.data[5] == 0);
	buf_add_str(&b, "old");
	buf_move(&b, &a);
	assert_true(span_is(buf_span(&b), "abc"));
	assert_int_equal(b.limit, 100);
	assert_null(a.data);
	assert_int_equal(a.limit, 100);
	buf_add_str(&a, "new");
	assert_true(span_is(buf_span(&a), "new"));
	buf_release(NULL);
}

/* Arena */

static void arena_gives_zeroes_aligned(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(8 << 20);
	struct err err = ERR_INIT;
	size_t round, size, i;

	for (round = 0; round < 2; round++) {
		for (size = 0; size < 20000; size += 1 + size / 7) {
			uint8_t *piece = arena_alloc(&arena, size, &err);

			assert_non_null(piece);
			assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
			for (i = 0; i < size; i++)
				assert_int_equal(piece[i], 0);
			memset(piece, 0xaa, size);
		}
		arena_release(&arena);
		assert_int_equal(arena.used, 0);
	}
	arena_release(NULL);
}

static void arena_pieces_do_not_overlap(void **state)
{
	enum { PIECES = 200 };
	static const size_t sizes[] = {1, 16, 17, 4000, 5000, 100, 700 * 1024, 3, 2 << 20, 8};
	CLEAN_ARENA struct arena arena = ARENA_INIT((size_t)256 << 20);
	uint8_t *piece[PIECES];
	struct err err = ERR_INIT;
	size_t i, n;

	for (i = 0; i < PIECES; i++) {
		piece[i] = arena_alloc(&arena, sizes[i % ARRAY_LEN(sizes)], &err);
		assert_non_null(piece[i]);
		memset(piece[i], (int)i, sizes[i % ARRAY_LEN(sizes)]);
	}
	for (i = 0; i < PIECES; i++) {
		for (n = 0; n < sizes[i % ARRAY_LEN(sizes)]; n += 97)
			assert_int_equal(piece[i][n], (uint8_t)i);
	}
}

/* Many large pieces among small ones do not waste the small ones' blocks. */
static void arena_keeps_the_room_of_its_head(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT((size_t)64 << 20);
	const struct arena_block *head;
	struct err err = ERR_INIT;
	int i;

	assert_non_null(arena_alloc(&arena, 16, &err));
	head = arena.head;
	for (i = 0; i < 20; i++) {
		assert_non_null(arena_alloc(&arena, 600 * 1024, &err));
		assert_non_null(arena_alloc(&arena, 16, &err));
	}
	assert_ptr_equal(arena.head, head);
}

static void a_list_in_an_arena_grows(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(64 * 1024);
	uint32_t *list = NULL, *grown;
	struct err err = ERR_INIT;
	size_t count = 0, cap = 0, before, i;

	while ((grown = arena_grow(&arena, list, count, &cap, sizeof(*list), &err))) {
		assert_true(cap > count);
		list = grown;
		list[count] = (uint32_t)count;
		count++;
	}
	/* at its limit the list is as it was */
	assert_int_equal(err.code, ERR_LIMIT);
	assert_true(count == cap && count >= 1024);
	for (i = 0; i < count; i++)
		assert_int_equal(list[i], i);
	before = cap;
	assert_ptr_equal(arena_grow(&arena, list, count - 1, &cap, sizeof(*list), &err), list);
	assert_int_equal(cap, before);
}

static void arena_holds_its_limit(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(1024);
	struct err err = ERR_INIT;
	struct span copy;

	assert_non_null(arena_alloc(&arena, 1000, &err)); /* 1008 with alignment */
	assert_null(arena_alloc(&arena, 17, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_non_null(arena_alloc(&arena, 16, &err));
	assert_null(arena_alloc(&arena, 1, &err));
	assert_null(arena_alloc(&arena, SIZE_MAX, &err));
	assert_null(arena_alloc(&arena, SIZE_MAX - 7, &err));
	assert_int_equal(arena_dup(&arena, SPAN("x"), &copy, &err), -1);
	assert_non_null(arena_alloc(&arena, 0, &err));
}

static void arena_copies(void **state)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(1024);
	struct err err = ERR_INIT;
	struct span copy = SPAN_NULL;
	const char *text;

	assert_int_equal(arena_dup(&arena, SPAN("a\0b"), &copy, &err), 0);
	assert_true(span_eq(copy, SPAN("a\0b")));
	assert_int_equal(arena_dup(&arena, SPAN_NULL, &copy, &err), 0);
	assert_non_null(copy.data);
	assert_int_equal(copy.len, 0);
	text = arena_str(&arena, SPAN("text"), &err);
	assert_string_equal(text, "text");
	text = arena_str(&arena, SPAN_NULL, &err);
	assert_string_equal(text, "");
}

/* Locked memory */

static void secret_pieces_are_zero_and_apart(void **state)
{
	enum { PIECES = 300 };
	static const size_t sizes[] = {1, 32, 33, 4096, 20000, 5, 16 * 1024, 100};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	uint8_t *piece[PIECES];
	struct err err = ERR_INIT;
	size_t i, n, size;

	assert_int_equal(secret_init(&err), 0);
	for (i = 0; i < PIECES; i++) {
		size = sizes[i % ARRAY_LEN(sizes)];
		piece[i] = secret_alloc(&pool, size, &err);
		assert_non_null(piece[i]);
		assert_int_equal((uintptr_t)piece[i] % 16, 0);
		for (n = 0; n < size; n++)
			assert_int_equal(piece[i][n], 0);
		memset(piece[i], (int)i, size);
	}
	for (i = 0; i < PIECES; i++) {
		size = sizes[i % ARRAY_LEN(sizes)];
		for (n = 0; n < size; n++)
			assert_int_equal(piece[i][n], (uint8_t)i);
	}
	secret_pool_release(&pool);
	assert_null(pool.head);
	secret_pool_release(NULL);
}

/* What a pool gives back is wiped at once, and what the next one gets is zero and as good as new. */
static void secret_regions_are_used_again(void **state)
{
	struct secret_pool pool = SECRET_POOL_INIT, other = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	uint8_t *first, *second, *apart;
	size_t i;

	assert_int_equal(secret_init(&err), 0);
	secret_keep_spares(1);
	first = secret_alloc(&pool, 100, &err);
	apart = secret_alloc(&other, 100, &err);
	assert_true(first && apart && first != apart);
	memset(first, 0xaa, 100);
	memset(apart, 0xbb, 100);
	secret_pool_release(&pool);
	assert_null(pool.head);
#ifndef __SANITIZE_ADDRESS__
	for (i = 0; i < 100; i++)
		assert_int_equal(first[i], 0);
#endif
	assert_int_equal(apart[99], 0xbb);
	secret_pool_release(&other);
	second = secret_alloc(&pool, 200, &err);
	assert_ptr_equal(second, first);
	for (i = 0; i < 200; i++)
		assert_int_equal(second[i], 0);
	assert_non_null(secret_alloc(&pool, 16 * 1024, &err));
	secret_keep_spares(0);
	secret_pool_release(&pool);
}

static void secret_refuses_sizes(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(secret_init(&err), 0);
	assert_null(secret_alloc(&pool, 0, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(secret_alloc(&pool, (size_t)SECRET_MAX + 1, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(secret_alloc(&pool, SIZE_MAX, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_null(pool.head);
}

static void secret_copies(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err err = ERR_INIT;
	struct span copy = SPAN_NULL;

	assert_int_equal(secret_init(&err), 0);
	assert_int_equal(secret_dup(&pool, span_str(secret_text), &copy, &err), 0);
	assert_true(span_is(copy, secret_text));
	assert_int_equal(secret_dup(&pool, SPAN_NULL, &copy, &err), 0);
	assert_int_equal(copy.len, 0);
	assert_non_null(copy.data);
}

/* In a child, as limits can not be raised again. A system that refuses to lock is told of, and works all the same. */
static void secret_works_without_locking(void **state)
{
	const struct rlimit none = {0, 0};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct secret_pool pool = SECRET_POOL_INIT;
		static uint8_t page[4096];
		struct err err = ERR_INIT;
		uint8_t *piece;
		bool refused;

		if (secret_init(&err) < 0 || setrlimit(RLIMIT_MEMLOCK, &none) < 0)
			_exit(10);
		/* Root may lock whatever the limit says. */
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(11);
		piece = secret_alloc(&pool, 32, &err);
		/* Sanitizers say that they lock, and do not. */
		refused = mlock(page, sizeof(page)) < 0;
		_exit(!piece ? 12 : pool.unlocked != refused ? 13 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void process_leaves_no_core(void **state)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit core = {1, 1};

		secret_harden_process();
		if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur || core.rlim_max)
			_exit(10);
		_exit(access("/proc/self/mem", R_OK) == 0 && geteuid() != 0 ? 11 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Errors */

static void err_sets_and_wraps(void **state)
{
	struct err err = ERR_INIT;

	assert_int_equal(err_set(&err, ERR_FORMAT, "line %d", 3), -1);
	assert_int_equal(err_hint(&err, "do %s", "that"), -1);
	assert_int_equal(err_wrap(&err, "file '%s'", "a"), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_string_equal(err.msg, "file 'a': line 3");
	assert_string_equal(err.hint, "do that");
	assert_int_equal(err_set(&err, ERR_LIMIT, "other"), -1);
	assert_string_equal(err.hint, "");
	assert_int_equal(err_nomem(&err), -1);
	assert_int_equal(err.code, ERR_NOMEM);
	assert_string_equal(err.msg, "out of memory");
}

static void err_tells_errno(void **state)
{
	static const struct {
		int number;
		enum err_code code;
	} table[] = {{ENOENT, ERR_NOT_FOUND},
		     {ENOTDIR, ERR_NOT_FOUND},
		     {EACCES, ERR_SYSTEM},
		     {ENOMEM, ERR_NOMEM}};
	struct err err = ERR_INIT;
	char want[256];
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		errno = table[i].number;
		assert_int_equal(err_errno(&err, "reading '%s'", "f"), -1);
		assert_int_equal(err.code, table[i].code);
		(void)snprintf(want, sizeof(want), "reading 'f': %s", strerror(table[i].number));
		assert_string_equal(err.msg, want);
	}
}

static void err_cuts_at_every_length(void **state)
{
	char text[2 * ERR_MSG_MAX];
	struct err err = ERR_INIT;
	size_t len;

	for (len = 0; len < sizeof(text) - 1; len++) {
		memset(text, 'a', len);
		text[len] = '\0';
		(void)err_set(&err, ERR_FORMAT, "%s", text);
		(void)err_hint(&err, "%s", text);
		if (len < ERR_MSG_MAX)
			assert_string_equal(err.msg, text);
		else
			assert_true(strlen(err.msg) == ERR_MSG_MAX - 1 &&
				    strcmp(err.msg + ERR_MSG_MAX - 5, "a...") == 0);
		if (len < ERR_HINT_MAX)
			assert_string_equal(err.hint, text);
		else
			assert_true(strlen(err.hint) == ERR_HINT_MAX - 1 &&
				    strcmp(err.hint + ERR_HINT_MAX - 5, "a...") == 0);
		(void)err_wrap(&err, "context");
		assert_true(strncmp(err.msg, "context: ", 9) == 0);
		assert_true(strlen(err.msg) < ERR_MSG_MAX);
		if (len + 9 >= ERR_MSG_MAX)
			assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
		(void)err_set(&err, ERR_FORMAT, "cause");
		(void)err_wrap(&err, "%s", text);
		assert_true(strlen(err.msg) < ERR_MSG_MAX);
		if (len + 7 < ERR_MSG_MAX)
			assert_string_equal(err.msg + len, ": cause");
		else
			assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
	}
}

/* Cut wherever it falls, a message stays UTF-8. */
static void err_cuts_between_characters(void **state)
{
	static const char *const characters[] = {"\xc3\xa9", "\xe2\x84\xaa", "\xf0\x9f\x98\x80"};
	char text[2 * ERR_MSG_MAX];
	struct err err = ERR_INIT;
	size_t i, shift, len, size;

	for (i = 0; i < ARRAY_LEN(characters); i++) {
		size = strlen(characters[i]);
		for (shift = 0; shift < size; shift++) {
			memset(text, 'a', shift);
			for (len = shift; len + size < sizeof(text); len += size)
				memcpy(text + len, characters[i], size);
			text[len] = '\0';
			(void)err_set(&err, ERR_FORMAT, "%s", text);
			(void)err_hint(&err, "%s", text);
			assert_true(utf8_valid(span_str(err.msg)));
			assert_true(utf8_valid(span_str(err.hint)));
			assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
			(void)err_wrap(&err, "\xc3\xa9");
			assert_true(utf8_valid(span_str(err.msg)));
		}
	}
}

static void err_gives_exit_statuses(void **state)
{
	int code;

	for (code = ERR_NONE; code <= ERR_BUG; code++) {
		int want = code == ERR_NONE          ? 0
			   : code == ERR_USAGE       ? 2
			   : code == ERR_UNREACHABLE ? 75
			   : code == ERR_POLICY      ? 77
						     : 1;

		assert_int_equal(err_exit_status((enum err_code)code), want);
	}
}

/* Text */

static void utf8_takes_every_character_and_nothing_else(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(8);
	uint32_t code, back;
	size_t len;

	for (code = 0; code <= 0x10ffff + 16; code++) {
		bool good = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

		buf_reset(&text);
		utf8_add(code, &text);
		back = 0;
		len = utf8_next(buf_span(&text), 0, &back);
		if (!good) {
			assert_int_equal(len, 0);
			assert_false(utf8_valid(buf_span(&text)));
			continue;
		}
		assert_int_equal(len, text.len);
		assert_int_equal(back, code);
		assert_true(utf8_valid(buf_span(&text)));
		assert_int_equal(ascii_only(buf_span(&text)), code < 0x80);
		/* cut short at each length */
		while (--len)
			assert_int_equal(utf8_next(span_of(text.data, len), 0, &back), 0);
	}
}

static void utf8_refuses_other_forms(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3\x28",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x28\xa1",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xfe",
		"\xff",
		"a\xf0\x9f\x98",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (utf8_valid(span_str(bad[i])))
			fail_msg("taken: %s", text_quote(span_str(bad[i])).text);
	}
	assert_true(utf8_valid(SPAN_NULL));
	assert_true(utf8_valid(SPAN("a\0b")));
}

/* A byte that is not ASCII is seen at each place of a long text. */
static void ascii_is_looked_at_to_the_end(void **state)
{
	char text[40];
	size_t len, at;

	for (len = 1; len < sizeof(text); len++) {
		for (at = 0; at < len; at++) {
			uint8_t *block;

			memset(text, 'a', len);
			block = mangle_block(span_of(text, len), len);
			assert_true(ascii_only(span_of(block, len)));
			block[at] = 0x80;
			assert_false(ascii_only(span_of(block, len)));
			assert_false(utf8_valid(span_of(block, len)));
			free(block);
		}
	}
	assert_true(ascii_only(SPAN_NULL));
}

static const struct {
	const char *in, *out;
} quotes[] = {
	{"", ""},
	{"key.name-1", "key.name-1"},
	{"it's", "it\\x27s"},
	{"a\\b", "a\\x5cb"},
	{"a\"b`c", "a\"b`c"},
	{"\x01\n\t\x7f", "\\x01\\x0a\\x09\\x7f"},
	{"\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80", "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"},
	{"\xff\xc3", "\\xff\\xc3"},
	{"\xc2\x85\xc2\xa0", "\\xc2\\x85\\xc2\\xa0"},
	{"\xc2\xad", "\\xc2\\xad"},                   /* soft hyphen */
	{"\xe2\x80\xae", "\\xe2\\x80\\xae"},          /* right-to-left override */
	{"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},          /* zero-width space */
	{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},          /* line separator */
	{"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},          /* isolate */
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},          /* byte order mark */
	{"\xf3\xa0\x80\xa0", "\\xf3\\xa0\\x80\\xa0"}, /* tag */
	{"\xd8\x9c", "\\xd8\\x9c"},                   /* Arabic letter mark */
};

static void quotes_what_could_forge_a_line(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(quotes); i++)
		assert_string_equal(text_quote(span_str(quotes[i].in)).text, quotes[i].out);
}

static void quotes_are_cut(void **state)
{
	static const char *const fill[] = {"a", "\n", "\xff", "\xc3\xa9", "\xf0\x9f\x98\x80"};
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(fill); i++) {
		for (n = 0; n < 3 * TEXT_QUOTE_MAX; n++) {
			CLEAN_BUF struct buf text = BUF_INIT(4096);
			struct quoted q;

			while (text.len < n)
				buf_add_str(&text, fill[i]);
			q = text_quote(buf_span(&text));
			assert_true(strlen(q.text) < sizeof(q.text));
			assert_true(utf8_valid(span_str(q.text)));
			assert_int_equal(text.len > TEXT_QUOTE_MAX,
					 span_ends(span_str(q.text), SPAN("...")));
		}
	}
}

static void hex_digits(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(64);

	hex_encode(SPAN("\x00\x1f\xab\xff"), false, &out);
	hex_encode(SPAN("\x00\x1f\xab\xff"), true, &out);
	hex_encode(SPAN_NULL, true, &out);
	assert_true(span_is(buf_span(&out), "001fabff001FABFF"));
}

/* Spans */

static void spans_stay_within(void **state)
{
	struct span s = SPAN("abcabc");

	assert_true(span_is(span_sub(s, 1, 2), "bc"));
	assert_true(span_is(span_sub(s, 4, SIZE_MAX), "bc"));
	assert_int_equal(span_sub(s, 7, 1).len, 0);
	assert_int_equal(span_from(s, SIZE_MAX).len, 0);
	assert_int_equal(span_from(SPAN_NULL, 3).len, 0);
	assert_int_equal(span_find(s, 1, 'a'), 3);
	assert_int_equal(span_find(s, 4, 'a'), 6);
	assert_int_equal(span_find(s, 100, 'a'), 6);
	assert_int_equal(span_find(SPAN_NULL, 0, 'a'), 0);
	assert_int_equal(span_search(s, SPAN("ca")), 2);
	assert_int_equal(span_search(s, SPAN("cc")), SIZE_MAX);
	assert_int_equal(span_search(SPAN_NULL, SPAN("a")), SIZE_MAX);
	assert_true(span_starts(s, SPAN("abca")) && span_starts(s, SPAN_NULL));
	assert_false(span_starts(SPAN("ab"), SPAN("abc")));
	assert_true(span_ends(s, SPAN("bc")) && span_ends(s, SPAN_NULL));
	assert_false(span_ends(SPAN("c"), SPAN("bc")));
	assert_true(span_eq(SPAN_NULL, SPAN("")));
	assert_false(span_eq(SPAN("a"), SPAN("b")));
}

/* Wiping */

static void wipes_a_stack_variable(void **state)
{
	uint8_t *seen = NULL;
	uint8_t copy[sizeof(secret_text)];

	memset(copy, 1, sizeof(copy));
	{
		static uint8_t key[sizeof(secret_text)];
		CLEAN_WIPE(key);

		memcpy(key, secret_text, sizeof(key));
		seen = key;
	}
	memcpy(copy, seen, sizeof(copy));
	assert_int_equal(copy[0] | copy[sizeof(copy) / 2] | copy[sizeof(copy) - 1], 0);
	wipe(NULL, 0);
	wipe_free(NULL, 0);
}

#ifdef KRMSOPS_TEST
static size_t blocks_seen, bytes_left;

static void look_at_block(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	size_t i;

	blocks_seen++;
	for (i = 0; i < size; i++)
		bytes_left += bytes[i] != 0;
}

static void no_block_goes_back_with_anything_in_it(void **state)
{
	struct buf buf = BUF_INIT(1 << 20), moved = BUF_INIT(1 << 20);
	struct arena arena = ARENA_INIT(16 << 20);
	struct err err = ERR_INIT;
	struct span copy;
	int i;

	blocks_seen = bytes_left = 0;
	wipe_hook = look_at_block;
	/* grows ten times; what was cut off or reset is gone as well */
	for (i = 0; i < 5000; i++)
		buf_add_str(&buf, secret_text);
	assert_true(blocks_seen >= 9);
	buf_cut(&buf, buf.len / 2);
	buf_add_str(&moved, secret_text);
	buf_move(&moved, &buf);
	buf_reset(&moved);
	buf_printf(&moved, "%s %d", secret_text, 1);
	base64_encode(SPAN("hunter2-hunter2"), true, &moved);
	assert_int_equal(base64_decode(BASE64_STRICT, SPAN("aHVudGVyMi1odW50ZXIy!"), &moved), -1);
	buf_release(&moved);
	buf_release(&buf);
	for (i = 0; i < 3000; i++)
		assert_int_equal(arena_dup(&arena, span_str(secret_text), &copy, &err), 0);
	for (i = 0; i < 3; i++)
		memset(arena_alloc(&arena, 700 * 1024, &err), 'x', 700 * 1024);
	arena_release(&arena);
	wipe_hook = NULL;
	assert_true(blocks_seen >= 20);
	assert_int_equal(bytes_left, 0);
}
#endif

/* In the child only: the parent's pieces stay. */
static void a_forked_process_forgets_what_is_not_for_it(void **state)
{
	CLEAN_SECRET_POOL struct secret_pool kept = SECRET_POOL_INIT, other = SECRET_POOL_INIT;
	static const uint8_t zeroes[32] = {0};
	struct span ours, small, large;
	static uint8_t big[100000];
	struct err err = ERR_INIT;
	int status;
	pid_t child;

	assert_int_equal(secret_init(&err), 0);
	{
		CLEAN_SECRET_POOL struct secret_pool gone = SECRET_POOL_INIT;

		assert_int_equal(secret_dup(&gone, SPAN("gone"), &small, &err), 0);
	}
	memset(big, 7, sizeof(big));
	assert_int_equal(secret_dup(&other, SPAN("other"), &small, &err), 0);
	assert_int_equal(secret_dup(&other, span_of(big, sizeof(big)), &large, &err), 0);
	assert_int_equal(secret_dup(&kept, SPAN("kept"), &ours, &err), 0);
	child = fork();
	if (child == 0) {
		secret_forget_others(&kept);
		_exit(span_is(ours, "kept") && memcmp(small.data, zeroes, small.len) == 0 &&
				      memcmp(large.data, zeroes, sizeof(zeroes)) == 0 &&
				      large.data[large.len - 1] == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(span_is(ours, "kept") && span_is(small, "other") && large.data[9] == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_takes_exactly_its_limit),
		cmocka_unit_test(buf_printf_takes_exactly_its_limit),
		cmocka_unit_test(buf_printf_prints_any_length),
		cmocka_unit_test(buf_keeps_the_first_failure),
		cmocka_unit_test(buf_refuses_a_length_that_overflows),
		cmocka_unit_test(buf_has_room_for_nothing),
		cmocka_unit_test(buf_cuts_and_moves),
		cmocka_unit_test(arena_gives_zeroes_aligned),
		cmocka_unit_test(arena_pieces_do_not_overlap),
		cmocka_unit_test(arena_keeps_the_room_of_its_head),
		cmocka_unit_test(arena_holds_its_limit),
		cmocka_unit_test(arena_copies),
		cmocka_unit_test(a_list_in_an_arena_grows),
		cmocka_unit_test(secret_pieces_are_zero_and_apart),
		cmocka_unit_test(secret_regions_are_used_again),
		cmocka_unit_test(secret_refuses_sizes),
		cmocka_unit_test(secret_copies),
		cmocka_unit_test(a_forked_process_forgets_what_is_not_for_it),
		cmocka_unit_test(secret_works_without_locking),
		cmocka_unit_test(process_leaves_no_core),
		cmocka_unit_test(err_sets_and_wraps),
		cmocka_unit_test(err_tells_errno),
		cmocka_unit_test(err_cuts_at_every_length),
		cmocka_unit_test(err_cuts_between_characters),
		cmocka_unit_test(err_gives_exit_statuses),
		cmocka_unit_test(utf8_takes_every_character_and_nothing_else),
		cmocka_unit_test(utf8_refuses_other_forms),
		cmocka_unit_test(ascii_is_looked_at_to_the_end),
		cmocka_unit_test(quotes_what_could_forge_a_line),
		cmocka_unit_test(quotes_are_cut),
		cmocka_unit_test(hex_digits),
		cmocka_unit_test(spans_stay_within),
		cmocka_unit_test(wipes_a_stack_variable),
#ifdef KRMSOPS_TEST
		cmocka_unit_test(no_block_goes_back_with_anything_in_it),
#endif
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
