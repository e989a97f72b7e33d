#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE AUDIT_ARCH_AARCH64
#else
#error "add the machine to confine.c"
#endif
/* Calls of the x32 ABI have numbers of their own. */
#define FIRST_X32_CALL 0x40000000
/* Of Landlock's third version; newer than the headers of some systems. */
#define TRUNCATE (1ULL << 14)

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE_AS(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error)
#define REFUSE REFUSE_AS(EPERM)
#define PERMIT BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define NEVER_AS(error, call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), REFUSE_AS(error)
#define NEVER(call) NEVER_AS(EPERM, call)
/* Of arguments, the low half is looked at: they are an int, or flags of which all others are in that half as well. */
#define NEVER_WITH(call, argument, value) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 4), LOAD(args[argument]), \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), REFUSE, LOAD(nr)
#define ONLY_IF(call, argument, test, value) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 4), LOAD(args[argument]), \
		BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, 1), PERMIT, REFUSE

/* No call that reaches or makes another process, and no unix socket: that of the listener is in the file system. */
static gboolean refuse_calls(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_MACHINE, 1, 0),
		REFUSE,
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_X32_CALL, 0, 1),
		REFUSE,
		NEVER(execve),
		NEVER(execveat),
#ifdef __NR_fork
		NEVER(fork),
		NEVER(vfork),
#endif
		/* Threads are made with clone() where clone3() does not exist; its flags are in memory, out of sight. */
		ONLY_IF(clone, 0, BPF_JSET, CLONE_THREAD),
		NEVER_AS(ENOSYS, clone3),
		NEVER(ptrace),
		NEVER(process_vm_readv),
		NEVER(process_vm_writev),
		NEVER(move_pages),
		NEVER(migrate_pages),
		NEVER(pidfd_open),
		NEVER(pidfd_getfd),
		NEVER(pidfd_send_signal),
		NEVER(kill),
		NEVER(tkill),
		NEVER(rt_sigqueueinfo),
		NEVER(rt_tgsigqueueinfo),
		ONLY_IF(tgkill, 0, BPF_JEQ, (guint32)getpid()),
		/* The owner of a file gets signals, of any number, when it is ready. */
		NEVER_WITH(fcntl, 1, F_SETOWN),
		NEVER_WITH(fcntl, 1, F_SETOWN_EX),
		NEVER_WITH(fcntl, 1, F_SETSIG),
		NEVER_WITH(ioctl, 1, FIOSETOWN),
		NEVER_WITH(ioctl, 1, SIOCSPGRP),
		ONLY_IF(prlimit64, 0, BPF_JEQ, 0),
		NEVER(setpriority),
		NEVER(ioprio_set),
		NEVER(sched_setaffinity),
		NEVER(sched_setattr),
		NEVER(sched_setparam),
		NEVER(sched_setscheduler),
		/* It would carry out other calls. */
		NEVER(io_uring_setup),
		NEVER_WITH(socket, 0, AF_UNIX),
		PERMIT,
	};
	struct sock_fprog program = { G_N_ELEMENTS(filter), filter };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void permit(int rules, const char *path, guint64 access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = open(path, O_PATH | O_CLOEXEC) };
	if (rule.parent_fd < 0)
		return;
	syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* Nothing is written, and only what libraries, plugins and the resolver need is read. Not all kernels can do that. */
static void refuse_files(void)
{
	static const char *const FOLDERS[] = { "/usr", "/lib", "/lib64", "/proc/self", "/sys/devices/system/cpu" };
	static const char *const FILES[] = { "/etc/ld.so.cache", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
		"/etc/host.conf", "/etc/gai.conf", "/dev/null", "/dev/urandom" };
	static const char *const PLUGINS[] = { "GST_PLUGIN_PATH", "GST_PLUGIN_SYSTEM_PATH" };
	const guint64 file = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
	const guint64 folder = file | LANDLOCK_ACCESS_FS_READ_DIR;
	long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return;
	/* All rights of the first version. */
	struct landlock_ruleset_attr handled = {
		.handled_access_fs = ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) | (version >= 3 ? TRUNCATE : 0),
	};
	int rules = syscall(__NR_landlock_create_ruleset, &handled, sizeof handled, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(FOLDERS); i++)
		permit(rules, FOLDERS[i], folder);
	for (gsize i = 0; i < G_N_ELEMENTS(FILES); i++)
		permit(rules, FILES[i], file);
	for (gsize i = 0; i < G_N_ELEMENTS(PLUGINS); i++) {
		g_auto(GStrv) paths = g_strsplit(g_getenv(PLUGINS[i]) ?: "", ":", -1);
		for (char **path = paths; *path != NULL; path++)
			permit(rules, *path, folder);
	}
	g_autofree char *registries = g_build_filename(g_get_user_cache_dir(), "gstreamer-1.0", NULL);
	permit(rules, registries, folder);
	permit(rules, g_getenv("GST_REGISTRY") ?: registries, file);
	syscall(__NR_landlock_restrict_self, rules, 0);
	close(rules);
}

gboolean confine(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return FALSE;
	refuse_files();
	return refuse_calls();
}
