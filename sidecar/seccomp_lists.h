/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls by name: what a worker of the sidecar may do, and what its keeper may not. Kept apart from walls.c, as this is what a reviewer reads.
 */
#ifndef SECCOMP_LISTS_H
#define SECCOMP_LISTS_H

#include <sys/syscall.h>

/* A worker: talk on descriptors that it has, threads, memory, time. Nothing with a path in it, no socket of its own but a pair, no program, no signal to
 * others, no look at other processes. */
static const int seccomp_worker[] = {
	/* bytes on descriptors */
	__NR_read,
	__NR_write,
	__NR_readv,
	__NR_writev,
	__NR_close,
	__NR_lseek,
	__NR_recvfrom,
	__NR_recvmsg,
	__NR_sendto,
	__NR_sendmsg,
	__NR_shutdown,
	__NR_accept4,
	__NR_getsockopt,
	__NR_setsockopt,
	__NR_getsockname,
	__NR_getpeername,
	__NR_fcntl,
	__NR_fstat,
	/* waiting */
	__NR_ppoll,
	__NR_epoll_pwait,
	__NR_epoll_ctl,
	__NR_eventfd2,
	__NR_pipe2,
	__NR_futex,
	__NR_nanosleep,
	__NR_clock_nanosleep,
	__NR_restart_syscall,
	__NR_sched_yield,
	/* memory, locked and wiped memory included */
	__NR_mmap,
	__NR_munmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_madvise,
	__NR_brk,
	__NR_mlock,
	__NR_munlock,
	__NR_mlock2,
	/* threads and signals of its own */
	__NR_set_robust_list,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_sigaltstack,
	__NR_exit,
	__NR_exit_group,
	__NR_sched_getaffinity,
	__NR_membarrier,
#ifdef __NR_rseq
	__NR_rseq,
#endif
	/* who and when it is */
	__NR_getpid,
	__NR_gettid,
	__NR_getuid,
	__NR_geteuid,
	__NR_getgid,
	__NR_getegid,
	__NR_clock_gettime,
	__NR_gettimeofday,
	__NR_getrandom,
	__NR_prlimit64,
	__NR_uname,
	__NR_sysinfo,
#if defined(__x86_64__)
	__NR_poll,
	__NR_epoll_wait,
	__NR_time,
#endif
};

/* The keeper: reads files and speaks to key services; but no programs, no other processes, no kernel surface that nobody needs. */
static const int seccomp_keeper[] = {
	__NR_execve,
	__NR_execveat,
	__NR_ptrace,
	__NR_process_vm_readv,
	__NR_process_vm_writev,
	__NR_kcmp,
	__NR_pidfd_getfd,
	__NR_mount,
	__NR_umount2,
	__NR_pivot_root,
	__NR_chroot,
	__NR_unshare,
	__NR_setns,
	__NR_mknodat,
	__NR_bpf,
	__NR_perf_event_open,
	__NR_userfaultfd,
	__NR_io_uring_setup,
	__NR_io_uring_enter,
	__NR_io_uring_register,
	__NR_keyctl,
	__NR_add_key,
	__NR_request_key,
	__NR_init_module,
	__NR_finit_module,
	__NR_delete_module,
	__NR_kexec_load,
	__NR_reboot,
	__NR_swapon,
	__NR_swapoff,
	__NR_settimeofday,
	__NR_clock_settime,
	__NR_adjtimex,
	__NR_open_by_handle_at,
	__NR_name_to_handle_at,
	__NR_quotactl,
	__NR_acct,
	__NR_syslog,
	__NR_personality,
	__NR_setuid,
	__NR_setgid,
	__NR_setreuid,
	__NR_setregid,
	__NR_setresuid,
	__NR_setresgid,
	__NR_capset,
#if defined(__x86_64__)
	__NR_fork,
	__NR_vfork,
	__NR_mknod,
#endif
};

#endif
