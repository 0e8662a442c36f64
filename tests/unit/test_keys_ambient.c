/* SPDX-License-Identifier: Apache-2.0
 *
 * krm-fn/keys_ambient.c and keys_command.c: which places are searched for keys, what becomes of the variables, when commands run.
 */
#include "age_data.h"

#include "files.h"
#include "keys.h"
#include "keys_command.h"

#include <stdlib.h>

#define NO_KEYS "found no age keys in "

static const char *const variables[] = {
	"SOPS_AGE_KEY",
	"SOPS_AGE_KEY_FILE",
	"SOPS_AGE_KEY_CMD",
	"SOPS_AGE_SSH_PRIVATE_KEY_FILE",
	"SOPS_AGE_SSH_PRIVATE_KEY_CMD",
	"XDG_CONFIG_HOME",
	"SOPS_AGE_RECIPIENT",
};

/* Read before the tests leave the project's root. */
enum { X25519, SECOND, SSH, TO_X25519, TO_SECOND, TO_SSH, TEXTS };
static const char *const names[TEXTS] = {"x25519.agekey", "second.agekey", "ssh_ed25519",
					 "to-x25519.age", "to-second.age", "to-ssh-ed25519.age"};
static struct buf texts[TEXTS];
static struct span text_of(int i)
{
	return buf_span(&texts[i]);
}

/* The secret key's line of an identity file. */
static const char *key_line(int i)
{
	static char line[2][256];
	size_t at = span_search(text_of(i), SPAN("AGE-SECRET-KEY-"));
	struct span key = span_sub(text_of(i), at, span_find(text_of(i), at, '\n') - at);

	(void)snprintf(line[i], sizeof(line[i]), "%.*s", (int)key.len, (const char *)key.data);
	return line[i];
}

/* An empty home and none of the variables. */
static int clean(void **state)
{
	static int count;
	char home[64];

	(void)snprintf(home, sizeof(home), "%s/home%d", files_top, count++);
	assert_int_equal(mkdir(home, 0700), 0);
	assert_int_equal(setenv("HOME", home, 1), 0);
	assert_int_equal(chdir(home), 0);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		(void)unsetenv(variables[i]);
	return 0;
}

static void search(struct keyring *ring, size_t want)
{
	struct err err = ERR_INIT;

	if (keys_ambient(ring, &err) < 0)
		fail_msg("%s", err.msg);
	if (keyring_age_count(ring) != want)
		fail_msg("%zu identities; %.*s", keyring_age_count(ring), (int)ring->notes.len,
			 (const char *)ring->notes.data);
	keys_ambient_forget();
	for (size_t i = 0; i < 5; i++)
		assert_null(getenv(variables[i]));
}

static void assert_noted(const struct keyring *ring, const char *text)
{
	if (span_search(buf_span(&ring->notes), span_str(text)) == SIZE_MAX)
		fail_msg("\"%s\" is not in \"%.*s\"", text, (int)ring->notes.len,
			 (const char *)ring->notes.data);
}

static void finds_each_place_by_itself(void **state)
{
	for (int place = 0; place < 7; place++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

		clean(NULL);
		files_put_span("key", text_of(X25519));
		files_put_span("ssh", text_of(SSH));
		switch (place) {
		case 0:
			setenv("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "ssh", 1);
			break;
		case 1:
			files_put_span(".ssh/id_ed25519", text_of(SSH));
			break;
		case 2:
			files_put_span(".ssh/id_rsa", text_of(SSH)); /* its content counts */
			break;
		case 3:
			setenv("SOPS_AGE_KEY", key_line(X25519), 1);
			break;
		case 4:
			setenv("SOPS_AGE_KEY_FILE", "key", 1);
			break;
		case 5:
			files_put_span(".config/sops/age/keys.txt", text_of(X25519));
			break;
		case 6:
			files_put_span("config/sops/age/keys.txt", text_of(X25519));
			files_put(".config/sops/age/keys.txt", "not looked at");
			setenv("XDG_CONFIG_HOME", getenv("HOME"), 1);
			assert_int_equal(rename("config/sops", "sops"), 0);
			break;
		}
		search(&ring, 1);
		assert_int_equal(ring.count, 1);
		assert_noted(&ring, NO_KEYS);
	}
}

static void adds_up_all_places(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	files_put_span(".ssh/id_ed25519", text_of(SSH));
	files_put_span("key", text_of(SECOND));
	files_put_span(".config/sops/age/keys.txt", text_of(SECOND));
	setenv("SOPS_AGE_KEY", key_line(X25519), 1);
	setenv("SOPS_AGE_KEY_FILE", "key", 1);
	search(&ring, 3);
}

static void tells_where_it_looked(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	char want[1024];
	const char *home = getenv("HOME");

	search(&ring, 0);
	(void)snprintf(want, sizeof(want),
		       NO_KEYS
		       "'SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', "
		       "'%s/.ssh/id_ed25519', '%s/.ssh/id_rsa', 'SOPS_AGE_KEY', "
		       "'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', '%s/.config/sops/age/keys.txt'",
		       home, home, home);
	assert_true(span_is(buf_span(&ring.notes), want));
	assert_int_equal(ring.count, 0);
}

static void reads_several_keys_of_a_line_from_the_variable_only(void **state)
{
	char both[512];

	(void)snprintf(both, sizeof(both), "# x\n%s %s\n", key_line(X25519), key_line(SECOND));
	{
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

		setenv("SOPS_AGE_KEY", both, 1);
		search(&ring, 2);
	}
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	files_put("key", both);
	setenv("SOPS_AGE_KEY_FILE", "key", 1);
	search(&ring, 0);
	assert_noted(&ring, "age identities of 'key': line 2: ");
}

static void a_broken_place_does_not_stop_the_others(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	files_put(".ssh/id_ed25519", "CANARY");
	assert_int_equal(mkdir(".ssh/id_rsa", 0700), 0);
	files_put(".config/sops/age/keys.txt", "CANARY");
	setenv("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "missing", 1);
	setenv("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "unbalanced 'CANARY", 1);
	setenv("SOPS_AGE_KEY", "CANARY", 1);
	setenv("SOPS_AGE_KEY_CMD", " # CANARY", 1);
	files_put_span("key", text_of(X25519));
	setenv("SOPS_AGE_KEY_FILE", "key", 1);
	search(&ring, 1);
	assert_noted(&ring, "reading 'missing': No such file or directory; ");
	assert_noted(&ring,
		     "SOPS_AGE_SSH_PRIVATE_KEY_CMD: command has a quote that is not closed; ");
	assert_noted(&ring, "/.ssh/id_ed25519': no private key found; ");
	assert_noted(&ring, "/.ssh/id_rsa': neither a file nor a pipe; ");
	assert_noted(&ring, "age identities of 'SOPS_AGE_KEY': line 1: unknown identity type; ");
	assert_noted(&ring, "SOPS_AGE_KEY_CMD: command is empty; ");
	assert_noted(&ring, "/.config/sops/age/keys.txt': line 1: unknown identity type");
	assert_int_equal(span_search(buf_span(&ring.notes), SPAN("CANARY")), SIZE_MAX);
	assert_int_equal(ring.count, 1);
}

static void empty_variables_name_no_file(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	setenv("SOPS_AGE_KEY", "", 1);
	setenv("SOPS_AGE_KEY_FILE", "", 1);
	setenv("SOPS_AGE_SSH_PRIVATE_KEY_FILE", "", 1);
	setenv("XDG_CONFIG_HOME", "", 1);
	files_put_span(".config/sops/age/keys.txt", text_of(X25519));
	search(&ring, 1);
	assert_noted(&ring, "SOPS_AGE_KEY_FILE is empty");
	assert_noted(&ring, "no age identities in 'SOPS_AGE_KEY'");
}

static void needs_no_home(void **state)
{
	for (int empty = 0; empty < 2; empty++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

		if (empty)
			setenv("HOME", "", 1);
		else
			unsetenv("HOME");
		setenv("SOPS_AGE_KEY", key_line(X25519), 1);
		search(&ring, 1);
		assert_int_equal(span_search(buf_span(&ring.notes), SPAN(".ssh")), SIZE_MAX);
	}
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	setenv("XDG_CONFIG_HOME", "relative", 1);
	search(&ring, 0);
	assert_noted(&ring, "path in XDG_CONFIG_HOME is relative");
}

static void reads_pipes_and_bounds_files(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT, none = KEYRING_INIT;
	pid_t child;
	int fd;

	assert_int_equal(mkfifo("pipe", 0600), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fd = open("pipe", O_WRONLY);
		_exit(write(fd, texts[X25519].data, texts[X25519].len) < 0);
	}
	setenv("SOPS_AGE_KEY_FILE", "pipe", 1);
	search(&ring, 1);
	fd = open("large", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, KEYS_SECRET_MAX + 1), 0);
	close(fd);
	setenv("SOPS_AGE_KEY_FILE", "large", 1);
	search(&none, 0);
	assert_noted(&none, "reading 'large': more than 4194304 bytes");
}

/* The process was started with the key in its environment (see main); afterwards nobody can read it there. */
static void nothing_is_left_in_the_environment(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf block = BUF_INIT(1024 * 1024);
	FILE *in;
	int c;

	search(&ring, 1);
	in = fopen("/proc/self/environ", "r");
	assert_non_null(in);
	while ((c = getc(in)) != EOF)
		buf_add_char(&block, (uint8_t)c);
	fclose(in);
	assert_true(span_search(buf_span(&block), SPAN("KRM_SOPS_UNIT_AGE_KEY=AGE-SECRET")) !=
		    SIZE_MAX);
	assert_true(span_search(buf_span(&block), SPAN("\0SOPS_AGE_KEY=\0\0\0\0")) != SIZE_MAX);
	assert_int_equal(span_search(buf_span(&block), SPAN("\0SOPS_AGE_KEY=A")), SIZE_MAX);
}

/* Twice in the environment, as execve allows: both are wiped. */
static void wipes_a_variable_that_is_there_twice(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	char first[256], second[256], *mine[] = {first, second, NULL}, **saved = environ;
	struct err err = ERR_INIT;

	(void)snprintf(first, sizeof(first), "SOPS_AGE_KEY=%s", key_line(X25519));
	(void)snprintf(second, sizeof(second), "SOPS_AGE_KEY=%s", key_line(SECOND));
	environ = mine;
	assert_int_equal(keys_ambient(&ring, &err), 0);
	keys_ambient_forget();
	assert_null(environ[0]);
	environ = saved;
	assert_int_equal(keyring_age_count(&ring), 1);
	assert_string_equal(first, "SOPS_AGE_KEY=");
	assert_string_equal(second, "SOPS_AGE_KEY=");
	assert_int_equal(second[13 + 70], 0);
}

/* --- commands --- */

static struct key_request ask(struct keyring *ring, int enc, const char *recipient)
{
	struct sops_key key = {
		.type = SOPS_KEY_AGE, .enc = text_of(enc), .id = span_str(recipient)};
	struct key_request request = {.key = &key};
	struct err err = ERR_INIT;
	size_t last = ring->count - 1;

	assert_false(ring->services[last].service->offline);
	assert_int_equal(ring->services[last].service->open(ring->services[last].cookie,
							    &ring->pool, &request, 1, &err),
			 0);
	return request;
}

static size_t lines_of(const char *path)
{
	FILE *in = fopen(path, "r");
	size_t n = 0;
	int c;

	if (!in)
		return 0;
	while ((c = getc(in)) != EOF)
		n += c == '\n';
	fclose(in);
	return n;
}

static void put_script(const char *text)
{
	files_put("script", text);
	assert_int_equal(chmod("script", 0700), 0);
}

static void differs_runs_a_command_once_for_each_recipient(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	files_put_span("age1first", text_of(X25519));
	files_put_span("age1second", text_of(SECOND));
	put_script(
		"#!/bin/sh\necho \"$SOPS_AGE_RECIPIENT $1\" >>runs\ncat \"$SOPS_AGE_RECIPIENT\"\n");
	setenv("SOPS_AGE_RECIPIENT", "of the caller", 1);
	setenv("SOPS_AGE_KEY_CMD", "./script 'an argument' # and no more", 1);
	search(&ring, 0);
	assert_int_equal(lines_of("runs"), 0); /* not before it is asked */
	assert_int_equal(ask(&ring, TO_X25519, "age1first").verdict, KEY_OPENED);
	assert_int_equal(lines_of("runs"), 1);
	assert_int_equal(ask(&ring, TO_X25519, "age1first").verdict, KEY_OPENED);
	assert_int_equal(ask(&ring, TO_X25519, "age1other").verdict,
			 KEY_OPENED); /* by what is there */
	assert_int_equal(lines_of("runs"), 1);
	assert_int_equal(ask(&ring, TO_SECOND, "age1second").verdict, KEY_OPENED);
	assert_int_equal(lines_of("runs"), 2);
	assert_int_equal(ask(&ring, TO_SSH, "age1second").verdict, KEY_NOT_MINE);
	assert_int_equal(lines_of("runs"), 2);
}

static void runs_the_ssh_command(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	files_put_span("ssh", text_of(SSH));
	setenv("SOPS_AGE_SSH_PRIVATE_KEY_CMD", "cat \"ssh\"", 1);
	search(&ring, 0);
	assert_int_equal(ask(&ring, TO_SSH, "ssh-ed25519 AAAA").verdict, KEY_OPENED);
}

static void differs_command_has_no_key_in_its_environment(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	put_script("#!/bin/sh\nenv >seen\ncat >>seen\nexit 3\n");
	setenv("SOPS_AGE_KEY", key_line(X25519), 1);
	setenv("SOPS_AGE_KEY_FILE", "a file", 1);
	setenv("SOPS_AGE_KEY_CMD", "./script", 1);
	setenv("SOPS_AGE_RECIPIENT", "of the caller", 1);
	search(&ring, 1);
	assert_string_equal(ask(&ring, TO_SECOND, "age1xyz").why,
			    "SOPS_AGE_KEY_CMD: exit status 3");
	assert_int_equal(system("grep -qx SOPS_AGE_RECIPIENT=age1xyz seen"), 0);
	assert_int_equal(system("grep -qx 'SOPS_AGE_KEY_FILE=a file' seen"), 0);
	assert_int_equal(system("grep -qx SOPS_AGE_KEY_CMD=./script seen"), 0);
	assert_int_equal(system("grep -q ^HOME= seen"), 0);
	assert_int_not_equal(system("grep -q ^SOPS_AGE_KEY= seen"), 0);
	assert_int_not_equal(system("grep -q 'of the caller' seen"), 0);
}

static void tells_why_a_command_brought_nothing(void **state)
{
	static const struct {
		const char *command, *why;
	} rows[] = {
		{"false", "SOPS_AGE_KEY_CMD: exit status 1"},
		{"./missing", "SOPS_AGE_KEY_CMD: starting it: No such file or directory"},
		{"sh -c 'kill -9 $$'", "SOPS_AGE_KEY_CMD: killed by signal 9"},
		{"echo CANARY", "SOPS_AGE_KEY_CMD: line 1: unknown identity type"},
		{"head -c 4194305 /dev/zero", "SOPS_AGE_KEY_CMD: more than 4194304 bytes"},
		{"true", "no identity matched any of the recipients"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		struct key_request request;

		setenv("SOPS_AGE_KEY_CMD", rows[i].command, 1);
		search(&ring, 0);
		request = ask(&ring, TO_X25519, "age1");
		assert_string_equal(request.why, rows[i].why);
		assert_int_equal(request.verdict,
				 rows[i].why[0] == 'n' ? KEY_NOT_MINE : KEY_FAILED);
		/* The second answer is that of the run. */
		assert_string_equal(ask(&ring, TO_X25519, "age1").why, rows[i].why);
	}
}

static void differs_commands_are_bounded(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	char name[32];

	put_script("#!/bin/sh\necho x >>runs\n");
	setenv("SOPS_AGE_KEY_CMD", "./script", 1);
	search(&ring, 0);
	assert_string_equal(ask(&ring, TO_X25519, "age1\nX=y").why,
			    "recipient with control characters");
	assert_int_equal(lines_of("runs"), 0);
	for (int i = 0; i < KEYS_COMMAND_RUNS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "age1%d", i);
		assert_int_equal(ask(&ring, TO_X25519, name).verdict, KEY_NOT_MINE);
	}
	assert_int_equal(lines_of("runs"), KEYS_COMMAND_RUNS_MAX);
	assert_int_equal(ask(&ring, TO_X25519, "age1more").code, ERR_LIMIT);
	assert_int_equal(lines_of("runs"), KEYS_COMMAND_RUNS_MAX);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < TEXTS; i++) {
		texts[i] = (struct buf)BUF_INIT(AGE_DATA_MAX);
		age_data(names[i], &texts[i]);
	}
	return secret_init(&err) < 0 || files_make(state) < 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < TEXTS; i++)
		buf_release(&texts[i]);
	return files_drop(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_in_the_environment),
		cmocka_unit_test_setup(finds_each_place_by_itself, clean),
		cmocka_unit_test_setup(adds_up_all_places, clean),
		cmocka_unit_test_setup(tells_where_it_looked, clean),
		cmocka_unit_test_setup(reads_several_keys_of_a_line_from_the_variable_only, clean),
		cmocka_unit_test_setup(a_broken_place_does_not_stop_the_others, clean),
		cmocka_unit_test_setup(empty_variables_name_no_file, clean),
		cmocka_unit_test_setup(needs_no_home, clean),
		cmocka_unit_test_setup(reads_pipes_and_bounds_files, clean),
		cmocka_unit_test_setup(wipes_a_variable_that_is_there_twice, clean),
		cmocka_unit_test_setup(differs_runs_a_command_once_for_each_recipient, clean),
		cmocka_unit_test_setup(runs_the_ssh_command, clean),
		cmocka_unit_test_setup(differs_command_has_no_key_in_its_environment, clean),
		cmocka_unit_test_setup(tells_why_a_command_brought_nothing, clean),
		cmocka_unit_test_setup(differs_commands_are_bounded, clean),
	};
	static const char key[] =
		"AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU";

	if (!getenv("KRM_SOPS_UNIT_AGE_KEY")) {
		setenv("KRM_SOPS_UNIT_AGE_KEY", key, 1);
		setenv("SOPS_AGE_KEY", key, 1);
		execv("/proc/self/exe", argv);
		perror("execv");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
