/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/listen.c: where a socket may be made, what may lie in its place, and whose sockets are taken over.
 */
#include "listen.h"

#include "files.h"

#include <sys/socket.h>
#include <sys/un.h>

static char top[256];

static char *at(const char *name)
{
	static char path[512];

	assert_non_null(getcwd(top, sizeof(top)));
	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void a_socket_has_its_mode_and_is_not_blocking(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;
	mode_t before = umask(0);
	int fd;

	assert_int_equal(mkdir("good", 0755), 0);
	fd = listen_unix(at("good/s"), (gid_t)-1, &err);
	assert_true(fd >= 0);
	assert_int_equal(umask(before), 0);
	assert_int_equal(lstat("good/s", &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	/* It is alive, so that nobody else may have its place. */
	assert_int_equal(listen_unix(at("good/s"), (gid_t)-1, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	(void)close(fd);
	/* Now it is stale. */
	fd = listen_unix(at("good/s"), getegid(), &err);
	assert_true(fd >= 0);
	assert_int_equal(lstat("good/s", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	listen_remove(at("good/s"), st.st_dev, st.st_ino + 1);
	assert_int_equal(lstat("good/s", &st), 0);
	listen_remove(at("good/s"), st.st_dev, st.st_ino);
	assert_int_equal(lstat("good/s", &st), -1);
	(void)close(fd);
}

static void odd_folders_are_refused(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
		enum err_code code;
	} cases[] = {
		{"group", 0775, ERR_POLICY},
		{"others", 0757, ERR_POLICY},
		{"sticky", 01777, ERR_POLICY},
		{"mine", 0700, ERR_NONE},
	};
	char path[64], long_path[200];
	struct err err = ERR_INIT;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(mkdir(cases[i].name, 0700), 0);
		assert_int_equal(chmod(cases[i].name, cases[i].mode), 0);
		(void)snprintf(path, sizeof(path), "%s/s", cases[i].name);
		err.code = ERR_NONE;
		fd = listen_unix(at(path), (gid_t)-1, &err);
		assert_int_equal(fd < 0 ? err.code : ERR_NONE, cases[i].code);
		if (fd >= 0)
			(void)close(fd);
		assert_int_equal(access(path, F_OK) == 0, fd >= 0);
	}
	assert_int_equal(listen_unix(at("none/none/s"), (gid_t)-1, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(listen_unix(long_path, (gid_t)-1, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static void what_is_no_socket_stays(void **state)
{
	struct err err = ERR_INIT;

	files_put("place/file", "kept");
	assert_int_equal(symlink("file", "place/link"), 0);
	assert_int_equal(mkdir("place/folder", 0700), 0);
	assert_int_equal(listen_unix(at("place/file"), (gid_t)-1, &err), -1);
	assert_int_equal(listen_unix(at("place/link"), (gid_t)-1, &err), -1);
	assert_int_equal(listen_unix(at("place/folder"), (gid_t)-1, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	assert_int_equal(access("place/file", F_OK), 0);
}

static void only_loopback(void **state)
{
	static const char *const bad[] = {
		"0.0.0.0:1",    "127.0.0.1",    "127.0.0.1:", "127.0.0.1:x",   "127.0.0.1:70000",
		"127.0.0.1:-1", "localhost:1",  "[::]:1",     "[::1]",         ":1",
		"127.0.0.1:1 ", "127.0.0.10:1", "",           "127.0.0.1:1:2", "127.0.0.1:+1",
		"127.0.0.1: 1", "[::1]:1:1",
	};
	struct err err = ERR_INIT;
	int port = 0, fd;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		err.code = ERR_NONE;
		if (listen_loopback(bad[i], &port, &err) >= 0)
			fail_msg("'%s'", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
	}
	fd = listen_loopback("127.0.0.1:0", &port, &err);
	assert_true(fd >= 0 && port > 0);
	(void)close(fd);
}

static void sockets_of_systemd(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "handed"};
	char pid[32];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(dup2(fd, 3) == 3);
	assert_int_equal(listen_inherited("handed"), -1);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid() + 1);
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(listen_inherited("handed"), -1);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	assert_int_equal(listen_inherited("another"), -1);
	assert_int_equal(listen_inherited("handed"), 3);
	assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
	(void)setenv("LISTEN_FDS", "0", 1);
	assert_int_equal(listen_inherited("handed"), -1);
	(void)unsetenv("LISTEN_FDS");
}

static void groups(void **state)
{
	struct err err = ERR_INIT;
	gid_t gid = 1;

	assert_int_equal(listen_group("0", &gid, &err), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(listen_group("root", &gid, &err), 0);
	assert_int_equal(listen_group("", &gid, &err), -1);
	assert_int_equal(listen_group("12x", &gid, &err), -1);
	assert_int_equal(listen_group("4294967295", &gid, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_has_its_mode_and_is_not_blocking),
		cmocka_unit_test(odd_folders_are_refused),
		cmocka_unit_test(what_is_no_socket_stays),
		cmocka_unit_test(only_loopback),
		cmocka_unit_test(sockets_of_systemd),
		cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests_name("listen", tests, files_make, files_drop);
}
