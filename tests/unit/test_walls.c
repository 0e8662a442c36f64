/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/walls.c, from the inside: a process raises its walls and then tries each thing that it is not to do. Each try is a process of its own, as
 * walls do not come down; what is not to be had must fail with EPERM or EACCES, and what is needed must go on working.
 */
#include "walls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* REFUSED: by the list of system calls. FORBIDDEN: by something behind it. */
enum { REFUSED = 41, FORBIDDEN = 42, ALLOWED = 43, BROKEN = 44 };

/* 0: it could be done. Else errno. */
typedef int (*try_fn)(void);

static int result(long r)
{
	return r < 0 ? errno : 0;
}

#define OPEN(name, path, flags)                                                  \
	static int name(void)                                                    \
	{                                                                        \
		return result(syscall(SYS_openat, AT_FDCWD, path, flags, 0600)); \
	}

OPEN(open_passwd, "/etc/passwd", O_RDONLY)
OPEN(open_root, "/", O_RDONLY | O_DIRECTORY)
OPEN(open_mem, "/proc/self/mem", O_RDWR)
OPEN(open_environ, "/proc/self/environ", O_RDONLY)
OPEN(open_new, "/tmp/krm-sops-wall-test", O_WRONLY | O_CREAT)
OPEN(open_null, "/dev/null", O_WRONLY)

static int open_2(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {.flags = O_RDONLY};

	return result(syscall(437 /* openat2 */, AT_FDCWD, "/etc/passwd", &how, sizeof(how)));
}

static int make_link(void)
{
	return result(syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, "/tmp/krm-sops-wall-link"));
}

static int look_at_path(void)
{
	struct stat st;

	return result(syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0));
}

static int read_link(void)
{
	char text[100];

	return result(syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", text, sizeof(text)));
}

static int change_folder(void)
{
	return result(syscall(SYS_chdir, "/"));
}

static int run_program(void)
{
	char *const argv[] = {(char *)"true", NULL};

	return result(syscall(SYS_execve, "/bin/true", argv, argv + 1));
}

static int run_program_at(void)
{
	char *const argv[] = {(char *)"true", NULL};

	return result(syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv + 1, 0));
}

static int make_process(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int make_namespace(void)
{
	return result(syscall(SYS_unshare, CLONE_NEWUSER));
}

static int make_inet(void)
{
	return result(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}

static int make_inet6(void)
{
	return result(syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0));
}

static int make_unix(void)
{
	return result(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
}

static int make_netlink(void)
{
	return result(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0));
}

static int make_inet_pair(void)
{
	int fds[2];

	return result(syscall(SYS_socketpair, AF_INET, SOCK_STREAM, 0, fds));
}

static int connect_somewhere(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/x"};

	return result(syscall(SYS_connect, 0, &address, sizeof(address)));
}

static int signal_parent(void)
{
	return result(syscall(SYS_kill, getppid(), 0));
}

static int trace_parent(void)
{
	return result(syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0));
}

static int read_parent(void)
{
	char bytes[8];
	struct iovec here = {bytes, sizeof(bytes)}, there = {bytes, sizeof(bytes)};

	return result(syscall(SYS_process_vm_readv, getppid(), &here, 1, &there, 1, 0));
}

static int open_parent(void)
{
	return result(syscall(SYS_pidfd_open, getppid(), 0));
}

static int mount_something(void)
{
	return result(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static int load_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int make_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int read_keyring(void)
{
	return result(syscall(SYS_keyctl, 0, -3, 0));
}

static int become_dumpable(void)
{
	return result(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int make_memory_file(void)
{
	return result(syscall(SYS_memfd_create, "x", 0));
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

static int make_thread(void)
{
	pthread_t thread;
	int number = 0, r = pthread_create(&thread, NULL, add_one, &number);

	if (r)
		return r;
	(void)pthread_join(thread, NULL);
	return number == 1 ? 0 : EINVAL;
}

static int talk_on_a_pair(void)
{
	int fds[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 || send(fds[0], "x", 1, 0) != 1 ||
	    recv(fds[1], &byte, 1, 0) != 1)
		return errno;
	return close(fds[0]) || close(fds[1]) ? errno : 0;
}

static int lock_memory(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return errno;
	(void)mlock(page, 4096);
	page[0] = 1;
	return munmap(page, 4096) < 0 ? errno : 0;
}

static const struct row {
	const char *name;
	try_fn fn;
	bool worker, keeper; /* allowed to it? */
} rows[] = {
	{"open /etc/passwd", open_passwd, false, true},
	{"open /", open_root, false, true},
	{"openat2", open_2, false, true},
	{"open /proc/self/mem to write", open_mem, false, false},
	{"open /proc/self/environ", open_environ, false, true},
	{"make a file", open_new, false, false},
	{"open /dev/null to write", open_null, false, false},
	{"make a link", make_link, false, false},
	{"look at a path", look_at_path, false, true},
	{"read a link", read_link, false, true},
	{"change the folder", change_folder, false, true},
	{"run a program", run_program, false, false},
	{"run a program by execveat", run_program_at, false, false},
	{"make a process", make_process, false, true},
	{"make a namespace", make_namespace, false, false},
	{"an IPv4 socket", make_inet, false, true},
	{"an IPv6 socket", make_inet6, false, true},
	{"a Unix socket", make_unix, false, true},
	{"a netlink socket", make_netlink, false, true},
	{"a pair that is not Unix", make_inet_pair, false, false},
	{"connect", connect_somewhere, false, false},
	{"signal another", signal_parent, false, true},
	{"trace another", trace_parent, false, false},
	{"read another's memory", read_parent, false, false},
	{"open another process", open_parent, false, true},
	{"mount", mount_something, false, false},
	{"bpf", load_bpf, false, false},
	{"io_uring", make_ring, false, false},
	{"the kernel's keyring", read_keyring, false, false},
	{"become dumpable", become_dumpable, false, true},
	{"a file in memory", make_memory_file, false, true},
	{"a thread", make_thread, true, true},
	{"a Unix pair", talk_on_a_pair, true, true},
	{"locked memory", lock_memory, true, true},
};

static int raise_worker(void)
{
	_Atomic unsigned walls = 0;
	struct err err = ERR_INIT;

	return walls_raise_worker(&walls, &err);
}

static int raise_keeper(void)
{
	_Atomic unsigned walls = 0;
	struct err err = ERR_INIT;

	return walls_raise_keeper(&walls, &err);
}

static int verdict_of(const struct row *row, int (*raise_walls)(void))
{
	int status, r;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (raise_walls() < 0)
			_exit(BROKEN);
		r = row->fn();
		_exit(r == 0 ? ALLOWED : r == EPERM ? REFUSED : FORBIDDEN);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(444 /* landlock_create_ruleset */, NULL, 0, 1) > 0;
}

/* What Landlock alone holds where a keeper is concerned. */
static bool needs_landlock(const struct row *row)
{
	return row->fn == open_new || row->fn == open_null || row->fn == make_link ||
	       row->fn == open_mem;
}

/* The list of system calls holds them by itself, on kernels without Landlock too. */
static void workers_can_do_what_they_need_and_nothing_else(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (verdict_of(&rows[i], raise_worker) != (rows[i].worker ? ALLOWED : REFUSED))
			fail_msg("worker: %s", rows[i].name);
	}
}

static void keepers_read_and_connect_but_change_and_run_nothing(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (needs_landlock(&rows[i]) && !has_landlock())
			continue;
		if ((verdict_of(&rows[i], raise_keeper) == ALLOWED) != rows[i].keeper)
			fail_msg("keeper: %s", rows[i].name);
	}
}

static void walls_have_names(void **state)
{
	CLEAN_BUF struct buf out = BUF_INIT(100);

	walls_tell(WALL_NO_DUMP | WALL_SECCOMP, &out);
	assert_true(span_is(buf_span(&out), "[\"no-dump\", \"seccomp\"]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_can_do_what_they_need_and_nothing_else),
		cmocka_unit_test(keepers_read_and_connect_but_change_and_run_nothing),
		cmocka_unit_test(walls_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
