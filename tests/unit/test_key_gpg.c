/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/key_gpg.c and what stands below it, with the system's GnuPG: keys of all kinds that only GnuPG opens, what is told where it does not,
 * and that nothing of it is left: no process, no folder.
 */
#include "mangle.h"

#include "keys/gpg_home.h"
#include "keys/gpg_wire.h"
#include "keys/key_gpg.h"
#include "keys/key_host.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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

/* The HOME that all has which a test starts. */
static char marker[80];

/* A folder in memory that only this test knows. */
static char memory[64];

/* Homes in it. */
static size_t left_over(void)
{
	DIR *folder = opendir(memory);
	struct dirent *entry;
	size_t n = 0;

	while (folder && (entry = readdir(folder)))
		n += strncmp(entry->d_name, "krm-sops-gpg.", 13) == 0;
	if (folder)
		closedir(folder);
	return n;
}

static size_t read_proc(const char *pid, const char *name, char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	in = fopen(path, "rb");
	if (in) {
		len = fread(text, 1, size, in);
		fclose(in);
	}
	return len;
}

/* The same build of this test, and not one that runs beside it elsewhere. What may not be read may be ours. */
static bool is_our_program(const char *pid)
{
	char path[64], own[PATH_MAX], other[PATH_MAX];
	ssize_t own_len = readlink("/proc/self/exe", own, sizeof(own)), len;

	(void)snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	len = readlink(path, other, sizeof(other));
	return len < 0 || (len == own_len && memcmp(own, other, (size_t)len) == 0);
}

/* GnuPG's programs have the HOME that we gave them, the watcher and the helper have our name and no environment. */
static bool is_of_run(const char *pid)
{
	static char text[65536];
	char own[32], name[32];
	size_t len = read_proc(pid, "stat", text, sizeof(text) - 1), own_len;

	text[len] = '\0';
	if (strstr(text, ") Z "))
		return false; /* has ended */
	len = read_proc(pid, "environ", text, sizeof(text));
	if (len && memmem(text, len, marker, strlen(marker)))
		return true;
	own_len = read_proc("self", "comm", own, sizeof(own));
	return (!len || !text[0]) && read_proc(pid, "comm", name, sizeof(name)) == own_len &&
	       memcmp(own, name, own_len) == 0 && is_our_program(pid);
}

static size_t count_processes(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			n += is_of_run(entry->d_name);
	}
	closedir(folder);
	return n;
}

static void sleep_ms(long ms)
{
	const struct timespec nap = {ms / 1000, ms % 1000 * 1000000L};

	(void)nanosleep(&nap, NULL);
}

/* All is gone, soon. */
static void assert_nothing_left(void)
{
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (count_processes() == 0 && left_over() == 0)
			return;
		sleep_ms(10);
	}
	fail_msg("%zu processes and %zu folders are left", count_processes(), left_over());
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

static void limit(int ms)
{
#ifdef KRMSOPS_TEST
	key_gpg_test_ms = ms;
#endif
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)snprintf(memory, sizeof(memory), "/dev/shm/XXXXXX");
	assert_non_null(mkdtemp(memory));
	(void)snprintf(marker, sizeof(marker), "HOME=/nonexistent/%ld", (long)getpid());
	world = (__typeof__(world)){.path = "/usr/bin:/bin", .home = marker + 5, .runtime = memory};
	limit(0);
	without_namespaces(false);
	return secret_init(&err);
}

static int tear_down(void **state)
{
	/* It fails where something is left. */
	return rmdir(memory);
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

static void takes_keys_after_it_has_begun(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request request;

	ring.host = &host;
	add_keys(&ring, "nistp256.asc");
	request = ask_file(&ring, "elgamal.enc");
	assert_int_equal(request.verdict, KEY_NOT_MINE);
	add_keys(&ring, "elgamal.asc");
	request = ask_file(&ring, "elgamal.enc");
	assert_data_key(&request);
	request = ask_file(&ring, "nistp256.enc");
	assert_data_key(&request);
}

/* One text that holds no key does not take the others' away; where a key is missed it is told. */
static void does_without_what_can_not_be_imported(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request request;

	ring.host = &host;
	add_keys(&ring, "nistp256.enc");
	request = ask_file(&ring, "nistp256.enc");
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_int_equal(request.code, ERR_FORMAT);
	assert_string_equal(
		request.why,
		"PGP keys of 'nistp256.enc': GnuPG found no secret key that it could import");
	add_keys(&ring, "nistp256.asc");
	request = ask_file(&ring, "nistp256.enc");
	assert_data_key(&request);
	request = ask_file(&ring, "elgamal.enc");
	assert_int_equal(request.verdict, KEY_NOT_MINE);
	assert_non_null(strstr(request.why, " (PGP keys of 'nistp256.enc': GnuPG found no secret"));
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

/* --- GnuPG that does not do its work --- */

/* A folder of programs that stand in for GnuPG's own. */
struct bin {
	char path[64];
};

static void bin_remove(struct bin *bin)
{
	static const char *const names[] = {"gpg", "gpgconf", "gpg-agent"};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", bin->path, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(bin->path);
}

static void bin_make(struct bin *bin)
{
	(void)snprintf(bin->path, sizeof(bin->path), "/tmp/gpg-bin.XXXXXX");
	assert_non_null(mkdtemp(bin->path));
}

static void bin_add(const struct bin *bin, const char *name, const char *script)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", bin->path, name);
	out = fopen(path, "w");
	assert_non_null(out);
	(void)fprintf(out, "#!/bin/sh\n%s", script);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

/* gpgconf as it is, but for the place of one program. */
static void bin_add_gpgconf(const struct bin *bin, const char *name)
{
	char script[256];

	(void)snprintf(script, sizeof(script),
		       "/usr/bin/gpgconf \"$@\" | /bin/sed 's#/usr/bin/%s$#%s/%s#; "
		       "s#/usr/bin/%s:#%s/%s:#'\n",
		       name, bin->path, name, name, bin->path, name);
	bin_add(bin, "gpgconf", script);
}

static void a_hanging_agent_hangs_nobody(void **state)
{
	CLEANUP(bin_remove) struct bin bin;
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request request;
	size_t i;

#ifndef KRMSOPS_TEST
	skip(); /* half a minute */
#endif
	limit(700);
	bin_make(&bin);
	bin_add_gpgconf(&bin, "gpg-agent");
	bin_add(&bin, "gpg-agent", "exec /bin/sleep 1000\n");
	world.path = bin.path;
	ring.host = &host;
	add_keys(&ring, "nistp256.asc");
	for (i = 0; i < 3; i++) {
		request = ask_file(&ring, "nistp256.enc");
		assert_int_equal(request.verdict, KEY_FAILED);
		assert_int_equal(request.code, ERR_UNREACHABLE);
		assert_string_equal(request.why, "GnuPG: no answer in time");
	}
	assert_nothing_left();
}

/* What is too long is not even asked; gpg that hangs is waited for once. */
static void differs_gnupg_is_bounded(void **state)
{
	CLEANUP(bin_remove) struct bin bin;
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(KEY_GPG_ENC_MAX + 1);
	struct key_request request;
	struct err err = ERR_INIT;
	char path[128];
	size_t i;

	assert_int_equal(KEY_GPG_SECONDS, 30);
	assert_int_equal(KEY_GPG_ASK_SECONDS, 120);
	assert_int_equal(KEY_GPG_OPENED_MAX, 64 * 1024);
	limit(700);
	bin_make(&bin);
	bin_add(&bin, "gpg",
		"case \"$*\" in *--version*) exec /usr/bin/gpg --version;; esac\nexec /bin/sleep "
		"1000\n");
	(void)snprintf(path, sizeof(path), "%s/gpg", bin.path);
	world.exec = path;
	ring.host = &host;
	if (key_gpg_add_user(&ring, &err) < 0)
		fail_msg("%s", err.msg);
	buf_add_fill(&text, 'x', KEY_GPG_ENC_MAX + 1);
	request = ask(&ring, buf_span(&text));
	assert_int_equal(request.code, ERR_LIMIT);
	assert_string_equal(request.why, "a message of more than 1 MiB");
#ifndef KRMSOPS_TEST
	skip(); /* half a minute */
#endif
	for (i = 0; i < 3; i++) {
		request = ask_file(&ring, "nistp256.enc");
		assert_int_equal(request.verdict, KEY_FAILED);
		assert_int_equal(request.code, ERR_UNREACHABLE);
		assert_string_equal(request.why, "GnuPG: no answer in time");
	}
	assert_nothing_left();
}

static void says_that_gnupg_is_missing(void **state)
{
	static const struct {
		const char *add, *script, *why;
	} rows[] = {
		{NULL, NULL, "needs GnuPG, which is not here: no gpg in PATH (Debian: gnupg)"},
		{"gpg", "exit 2\n",
		 "needs GnuPG, which is not here: no gpg in PATH (Debian: gnupg)"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(bin_remove) struct bin bin;
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		struct key_request request;

		bin_make(&bin);
		if (rows[i].add)
			bin_add(&bin, rows[i].add, rows[i].script);
		world.path = bin.path;
		ring.host = &host;
		add_keys(&ring, "nistp256.asc");
		request = ask_file(&ring, "nistp256.enc");
		assert_int_equal(request.verdict, KEY_FAILED);
		assert_int_equal(request.code, ERR_UNSUPPORTED);
		assert_string_equal(request.why, rows[i].why);
	}
}

/* What a helper says that a message has taken over. */
static void takes_no_answer_that_is_none(void **state)
{
	struct gpg_answer good = {.verdict = KEY_OPENED, .len = KEY_GPG_OPENED_MAX}, bad;

	assert_true(gpg_answer_good(&good, KEY_GPG_OPENED_MAX));
	bad = good;
	bad.len++;
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad = good;
	bad.verdict = KEY_FAILED; /* and bytes none the less */
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad.len = 0;
	assert_true(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad.verdict = KEY_NOT_TRIED;
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad = good;
	bad.code = (enum err_code)(ERR_BUG + 1);
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad = good;
	memset(bad.why, 'x', sizeof(bad.why));
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
	bad = good;
	memset(bad.fingerprints[1], 'A', sizeof(bad.fingerprints[1]));
	assert_false(gpg_answer_good(&bad, KEY_GPG_OPENED_MAX));
}

/* --- nothing is left --- */

/* A process that opens messages for ever. */
static pid_t start_run(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct keyring ring = KEYRING_INIT;

		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		ring.host = &host;
		add_keys(&ring, "nistp256.asc");
		add_keys(&ring, "elgamal.asc");
		for (;;)
			(void)ask_file(&ring, "nistp256.enc");
	}
	assert_true(pid > 0);
	return pid;
}

static void killed_at_any_time_it_leaves_nothing(void **state)
{
	size_t seen = 0;
	int namespaces;
	long ms;

	for (namespaces = 0; namespaces < 2; namespaces++) {
		if (!without_namespaces(!namespaces))
			continue;
		for (ms = 0; ms < 160; ms += 16) {
			pid_t pid = start_run();

			sleep_ms(ms);
			seen += count_processes();
			assert_int_equal(kill(pid, SIGKILL), 0);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
			assert_nothing_left();
		}
	}
	assert_true(seen > 5);
}

static void one_agent_serves_a_hundred_messages(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	int i;

	ring.host = &host;
	add_keys(&ring, "nistp256.asc");
	add_keys(&ring, "elgamal.asc");
	for (i = 0; i < 100; i++) {
		struct key_request request =
			ask_file(&ring, i % 2 ? "nistp256.enc" : "elgamal.enc");

		assert_data_key(&request);
	}
	/* watcher, helper, agent */
	assert_int_equal(count_processes(), 3);
	keyring_release(&ring);
	assert_nothing_left();
}

static void a_long_temporary_folder_is_passed_over(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct key_request request;
	char path[128];

	(void)without_namespaces(true);
	(void)snprintf(path, sizeof(path), "%s/%0*d", memory, 60, 0);
	assert_int_equal(mkdir(path, 0700), 0);
	world.runtime = path;
	world.tmpdir = path;
	ring.host = &host;
	add_keys(&ring, "nistp256.asc");
	request = ask_file(&ring, "nistp256.enc");
	assert_data_key(&request);
	keyring_release(&ring);
	assert_int_equal(rmdir(path), 0);
}

static void runs_at_the_same_time_leave_each_other_alone(void **state)
{
	CLEAN_KEYRING struct keyring first = KEYRING_INIT, second = KEYRING_INIT;
	struct key_request request;

	(void)without_namespaces(true);
	first.host = second.host = &host;
	add_keys(&first, "nistp256.asc");
	add_keys(&second, "elgamal.asc");
	request = ask_file(&first, "nistp256.enc");
	assert_data_key(&request);
	request = ask_file(&second, "elgamal.enc");
	assert_data_key(&request);
	request = ask_file(&first, "nistp256.enc");
	assert_data_key(&request);
	keyring_release(&first);
	request = ask_file(&second, "elgamal.enc");
	assert_data_key(&request);
}

/* On a disk, not absolute, not there, or too long: none is a home for keys. */
static void puts_no_keys_on_a_disk(void **state)
{
	char disk[] = "/var/tmp/XXXXXX", deep[128];
	const char *bases[][GPG_HOME_BASES] = {
		{disk, NULL, NULL}, {NULL, "/proc", "/nonexistent"}, {"dev/shm", deep, ""}};
	size_t i;

	assert_non_null(mkdtemp(disk));
	(void)snprintf(deep, sizeof(deep), "%s/%0*d", memory, 60, 0);
	assert_int_equal(mkdir(deep, 0700), 0);
	for (i = 0; i < ARRAY_LEN(bases); i++) {
		struct gpg_home home = GPG_HOME_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(gpg_home_make(&home, bases[i], &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
	}
	assert_int_equal(rmdir(deep), 0);
	assert_int_equal(rmdir(disk), 0);
}

/* The child of a process, which is its watcher. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	FILE *in;
	long pid = 0;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)parent,
		       (long)parent);
	in = fopen(path, "r");
	if (in) {
		if (fscanf(in, "%ld", &pid) != 1)
			pid = 0;
		fclose(in);
	}
	return (pid_t)pid;
}

/* The watcher is killed: the run says so once, and takes away what is left. */
static void a_killed_watcher_is_made_up_for(void **state)
{
	int namespaces;

	for (namespaces = 0; namespaces < 2; namespaces++) {
		CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
		struct key_request request;
		siginfo_t info;
		pid_t watcher;

		if (!without_namespaces(!namespaces))
			continue;
		ring.host = &host;
		add_keys(&ring, "nistp256.asc");
		request = ask_file(&ring, "nistp256.enc");
		assert_data_key(&request);
		watcher = child_of(getpid());
		assert_true(watcher > 0 && count_processes() > 0);
		assert_int_equal(kill(watcher, SIGKILL), 0);
		/* dead, and what it leaves has been told: else the helper may still answer; the ring reaps it */
		assert_int_equal(waitid(P_PID, (id_t)watcher, &info, WEXITED | WNOWAIT), 0);
		request = ask_file(&ring, "nistp256.enc");
		assert_int_equal(request.verdict, KEY_FAILED);
		assert_string_equal(request.why, "GnuPG: ended without an answer");
		assert_nothing_left();
	}
}

/* Run and watcher are killed at once, and nobody may have a namespace: the next run finds the folder and removes it, with no agent in it. */
static void the_next_run_removes_what_all_left(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	pid_t pid, watcher = 0;
	int tries;

	if (!without_namespaces(true))
		skip();
	pid = start_run();
	for (tries = 0; tries < 1000 && count_processes() < 4; tries++)
		sleep_ms(10);
	watcher = child_of(pid);
	assert_true(watcher > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(kill(watcher, SIGKILL), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (tries = 0; tries < 1000 && count_processes(); tries++)
		sleep_ms(10);
	assert_int_equal(count_processes(), 0);
	assert_int_equal(left_over(), 1);
	ring.host = &host;
	add_keys(&ring, "elgamal.asc");
	(void)ask_file(&ring, "elgamal.enc");
	assert_int_equal(left_over(), 1);
	keyring_release(&ring);
	assert_int_equal(left_over(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_what_our_own_reader_does_not, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(takes_keys_after_it_has_begun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(does_without_what_can_not_be_imported, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(says_why_it_does_not_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_hanging_agent_hangs_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(differs_gnupg_is_bounded, set_up, tear_down),
		cmocka_unit_test(takes_no_answer_that_is_none),
		cmocka_unit_test_setup_teardown(says_that_gnupg_is_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_agent_serves_a_hundred_messages, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_long_temporary_folder_is_passed_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(runs_at_the_same_time_leave_each_other_alone,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(puts_no_keys_on_a_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_at_any_time_it_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_killed_watcher_is_made_up_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_run_removes_what_all_left, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
