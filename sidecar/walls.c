/* SPDX-License-Identifier: Apache-2.0
 *
 * Raises the walls; see walls.h. seccomp by hand: a worker has a list of what it may do, the keeper, whose libraries do more (names of hosts, TLS), one of
 * what it may not. What is refused fails with EPERM, so that a library which asks in vain goes on.
 */
#include "walls.h"

#include "seccomp_lists.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "no list of system calls for this machine"
#endif

enum {
	PROGRAM_MAX = 512, /* instructions: two a system call */
	READING_ABI = 1,
};

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void add(struct program *program, struct sock_filter instruction)
{
	if (program->len < PROGRAM_MAX)
		program->code[program->len] = instruction;
	program->len++;
}

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define UNLESS(value, n)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), 0, (n))
#define GIVE(action)      BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE            (SECCOMP_RET_ERRNO | EPERM)
#define SKIP_IF_SET(mask) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)(mask), 1, 0)

/* Another machine's numbers mean other calls. */
static void begin(struct program *program)
{
	add(program, (struct sock_filter)LOAD(arch));
	add(program, (struct sock_filter)UNLESS(ARCH, 1));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
	add(program, (struct sock_filter)GIVE(SECCOMP_RET_KILL_PROCESS));
	add(program, (struct sock_filter)LOAD(nr));
#if defined(__x86_64__)
	/* The numbers of x32 have this bit. */
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
	add(program, (struct sock_filter)GIVE(SECCOMP_RET_KILL_PROCESS));
#endif
}

static void each(struct program *program, const int *calls, size_t count, unsigned action)
{
	size_t i;

	for (i = 0; i < count; i++) {
		add(program, (struct sock_filter)UNLESS(calls[i], 1));
		add(program, (struct sock_filter)GIVE(action));
	}
}

/* A thread, never a process; the flags of clone3 lie in memory that nobody can look at here, so libc is told to use clone. */
static void threads_only(struct program *program)
{
	add(program, (struct sock_filter)UNLESS(__NR_clone3, 1));
	add(program, (struct sock_filter)GIVE(SECCOMP_RET_ERRNO | ENOSYS));
	add(program, (struct sock_filter)UNLESS(__NR_clone, 4));
	add(program, (struct sock_filter)LOAD(args[0]));
	add(program, (struct sock_filter)SKIP_IF_SET(CLONE_THREAD));
	add(program, (struct sock_filter)GIVE(REFUSE));
	add(program, (struct sock_filter)GIVE(SECCOMP_RET_ALLOW));
}

/* A call whose argument must be that. */
static void only_with(struct program *program, int call, size_t argument, unsigned value)
{
	add(program, (struct sock_filter)UNLESS(call, 4));
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)argument));
	add(program, (struct sock_filter)UNLESS(value, 1));
	add(program, (struct sock_filter)GIVE(SECCOMP_RET_ALLOW));
	add(program, (struct sock_filter)GIVE(REFUSE));
}

static int install(struct program *program, struct err *err)
{
	const struct sock_fprog filter = {.len = program->len, .filter = program->code};

	if (program->len > PROGRAM_MAX)
		return err_set(err, ERR_BUG, "the list of system calls is too long");
	if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		return err_errno(err, "seccomp");
	return 0;
}

static int drop_privileges(struct err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{.effective = 0}};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "no_new_privs");
	if (syscall(__NR_capset, &head, none) < 0)
		return err_errno(err, "dropping capabilities");
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_errno(err, "no core files") : 0;
}

/* Takes away `access` to all files. Kernels without Landlock: false. */
static bool no_files(uint64_t access)
{
	struct landlock_ruleset_attr rules = {.handled_access_fs = access};
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION),
	     fd;
	bool done;

	if (abi < READING_ABI)
		return false;
	fd = syscall(__NR_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return false;
	done = syscall(__NR_landlock_restrict_self, fd, 0) == 0;
	(void)close((int)fd);
	return done;
}

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE_FILES                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |     \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |   \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

int walls_raise_worker(_Atomic unsigned *ret_walls, struct err *err)
{
	struct program program = {.len = 0};
	unsigned walls = WALL_NO_PRIVILEGES | WALL_NO_DUMP;

	if (drop_privileges(err) < 0)
		return -1;
	(void)no_files(READ_FILES | CHANGE_FILES);
	begin(&program);
	threads_only(&program);
	only_with(&program, __NR_socketpair, offsetof(struct seccomp_data, args[0]), AF_UNIX);
	each(&program, seccomp_worker, ARRAY_LEN(seccomp_worker), SECCOMP_RET_ALLOW);
	add(&program, (struct sock_filter)GIVE(REFUSE));
	if (install(&program, err) < 0)
		return -1;
	/* The list has no call that opens a file, Landlock or not. */
	*ret_walls = walls | WALL_SECCOMP | WALL_FILES;
	return 0;
}

int walls_raise_keeper(_Atomic unsigned *ret_walls, struct err *err)
{
	struct program program = {.len = 0};
	unsigned walls = WALL_NO_PRIVILEGES | WALL_NO_DUMP;

	if (drop_privileges(err) < 0)
		return -1;
	/* Tokens that rotate, certificates, names of hosts: it reads files, and never changes or runs any. */
	if (no_files(CHANGE_FILES))
		walls |= WALL_FILES;
	begin(&program);
	each(&program, seccomp_keeper, ARRAY_LEN(seccomp_keeper), REFUSE);
	add(&program, (struct sock_filter)GIVE(SECCOMP_RET_ALLOW));
	if (install(&program, err) < 0)
		return -1;
	*ret_walls = walls | WALL_SECCOMP;
	return 0;
}

void walls_tell(unsigned walls, struct buf *out)
{
	static const struct {
		unsigned wall;
		const char *name;
	} names[] = {
		{WALL_NO_PRIVILEGES, "no-privileges"},
		{WALL_NO_DUMP, "no-dump"},
		{WALL_SECCOMP, "seccomp"},
		{WALL_FILES, "files"},
	};
	bool first = true;
	size_t i;

	buf_add_char(out, '[');
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!(walls & names[i].wall))
			continue;
		buf_printf(out, "%s\"%s\"", first ? "" : ", ", names[i].name);
		first = false;
	}
	buf_add_char(out, ']');
}
