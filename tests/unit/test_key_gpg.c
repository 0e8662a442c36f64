/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/key_gpg.c and what stands below it, with the system's GnuPG: keys of all kinds that only GnuPG opens, what is told where it does not,
 * and that nothing of it is left: no process, no folder.
 */
#include "mangle.h"

#include "keys/gpg_home.h"
#include "keys/key_gpg.h"
#include "keys/key_host.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_LEN_MAX = 1024 * 1024 };

/* The environment that GnuPG gets. */
static struct {
	const char *path, *home, *gnupghome, *tmpdir, *runtime, *exec, *terminal;
} world;

static const char *variable(void *cookie, const char *name)
{
	const struct {
		const char *name, *value;
	} rows[] = {
		{"PATH", world.path},
		{"HOME", world.home},
		{"GNUPGHOME", world.gnupghome},
		{"TMPDIR", world.tmpdir},
		{"XDG_RUNTIME_DIR", world.runtime},
		{"SOPS_GPG_EXEC", world.exec},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	}
	/* What no helper may ask for. */
	assert_null(strstr(name, "SOPS_AGE"));
	assert_null(strstr(name, "VAULT"));
	return NULL;
}

static const char *terminal(void *cookie)
{
	return world.terminal;
}

static const struct key_host host = {.variable = variable, .terminal = terminal};

static void read_file(const char *name, struct buf *out)
{
	char path[256];
	FILE *in;
	int c;

	(void)snprintf(path, sizeof(path), "tests/data/gpg/%s", name);
	in = fopen(path, "rb");
	if (!in)
		fail_msg("%s is not there: tests run in the project's root", path);
	while ((c = getc(in)) != EOF)
		buf_add_char(out, (uint8_t)c);
	fclose(in);
	assert_int_equal(out->bad, ERR_NONE);
}

static void add_keys(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(FILE_LEN_MAX);
	struct err err = ERR_INIT;

	read_file(name, &text);
	if (key_gpg_add(ring, buf_span(&text), name, &err) < 0)
		fail_msg("%s", err.msg);
}

static struct key_request ask(struct keyring *ring, struct span enc)
{
	struct sops_key key = {.type = SOPS_KEY_PGP, .enc = enc};
	struct key_request request = {.key = &key};
	struct err err = ERR_INIT;

	assert_int_equal(ring->count, 1);
	if (ring->services[0].service->open(ring->services[0].cookie, &ring->pool, &request, 1,
					    &err) < 0)
		fail_msg("%s", err.msg);
	request.key = NULL;
	return request;
}

static struct key_request ask_file(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(FILE_LEN_MAX);

	read_file(name, &text);
	return ask(ring, buf_span(&text));
}

static void assert_data_key(const struct key_request *request)
{
	CLEAN_BUF struct buf text = BUF_INIT(FILE_LEN_MAX);
	char hex[65] = "";
	size_t i;

	if (request->verdict != KEY_OPENED)
		fail_msg("verdict %d: %s", request->verdict, request->why);
	read_file("datakey.hex", &text);
	assert_int_equal(request->opened.len, 32);
	for (i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", request->opened.data[i]);
	assert_memory_equal(hex, text.data, 64);
}

/* Whether a helper gets namespaces of its own here; many containers allow none. */
static bool have_namespaces(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct gpg_home home = GPG_HOME_INIT;
		struct err err = ERR_INIT;

		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		_exit(gpg_home_unshare(&home, &err) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Folders of ours in memory. */
static size_t left_over(void)
{
	DIR *folder = opendir("/dev/shm");
	struct dirent *entry;
	size_t n = 0;

	while (folder && (entry = readdir(folder)))
		n += strncmp(entry->d_name, "krm-sops-gpg.", 13) == 0;
	if (folder)
		closedir(folder);
	return n;
}

/* False where this build can not be told. */
static bool without_namespaces(bool without)
{
#ifdef KRMSOPS_TEST
	gpg_home_no_namespaces = without;
	return true;
#else
	return !without;
#endif
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	world = (__typeof__(world)){.path = "/usr/bin:/bin", .home = "/nonexistent"};
	without_namespaces(false);
	return secret_init(&err);
}

static void opens_what_our_own_reader_does_not(void **state)
{
	static const char *const names[] = {"nistp256", "nistp521", "brainpool", "elgamal"};
	int namespaces;
	size_t i;

	for (namespaces = 0; namespaces < 2; namespaces++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

		if (!without_namespaces(!namespaces))
			continue;
		ring.host = &host;
		for (i = 0; i < ARRAY_LEN(names); i++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "%s.asc", names[i]);
			add_keys(&ring, name);
			add_keys(&ring, name);
		}
		for (i = 0; i < ARRAY_LEN(names); i++) {
			struct key_request request;
			char name[32];

			(void)snprintf(name, sizeof(name), "%s.enc", names[i]);
			request = ask_file(&ring, name);
			assert_data_key(&request);
		}
		assert_int_equal(left_over(), namespaces && have_namespaces() ? 0 : 1);
		keyring_release(&ring);
		assert_int_equal(left_over(), 0);
	}
}

static void says_why_it_does_not_open(void **state)
{
	static const struct {
		const char *name;
		enum key_verdict verdict;
		enum err_code code;
		const char *why;
	} rows[] = {
		{"to-stranger.enc", KEY_NOT_MINE, ERR_NO_KEY,
		 "GnuPG has no secret key for key id "},
		{"to-passphrase.enc", KEY_FAILED, ERR_FORMAT, "a message for a passphrase, not"},
		{"no-mdc.enc", KEY_FAILED, ERR_VALUE, "does not open: it is damaged"},
		{"long.enc", KEY_FAILED, ERR_LIMIT, "more than 65536 bytes of data key"},
		{"protected.enc", KEY_FAILED, ERR_NO_KEY, "nobody can be asked: no terminal"},
		{"datakey.hex", KEY_FAILED, ERR_FORMAT, "not an encrypted OpenPGP message"},
		{"nistp256.asc", KEY_FAILED, ERR_FORMAT, "not an encrypted OpenPGP message"},
		{"nistp256.enc", KEY_OPENED, ERR_NONE, ""},
	};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	size_t i;

	ring.host = &host;
	add_keys(&ring, "nistp256.asc");
	add_keys(&ring, "protected.asc");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct key_request request = ask_file(&ring, rows[i].name);

		if (request.verdict != rows[i].verdict || request.code != rows[i].code ||
		    !strstr(request.why, rows[i].why))
			fail_msg("%s: verdict %d, code %d, '%s'", rows[i].name, request.verdict,
				 request.code, request.why);
		if (request.verdict != KEY_OPENED)
			assert_int_equal(request.opened.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_what_our_own_reader_does_not, set_up),
		cmocka_unit_test_setup(says_why_it_does_not_open, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
