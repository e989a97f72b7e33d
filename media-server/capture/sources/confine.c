#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
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
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define PERMIT BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define NEVER(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), REFUSE
/* The first argument decides; it is an int, so its low half is enough. */
#define IF_FIRST(call, value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 4), LOAD(args[0]), \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), yes, no

/* No call that reaches another process, and no unix socket: that of the listener is in reach of the file system. */
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
		NEVER(ptrace),
		NEVER(process_vm_readv),
		NEVER(process_vm_writev),
		NEVER(pidfd_open),
		NEVER(pidfd_getfd),
		NEVER(pidfd_send_signal),
		NEVER(kill),
		NEVER(tkill),
		NEVER(rt_sigqueueinfo),
		NEVER(rt_tgsigqueueinfo),
		/* It would carry out other calls. */
		NEVER(io_uring_setup),
		IF_FIRST(socket, AF_UNIX, REFUSE, PERMIT),
		IF_FIRST(tgkill, (guint32)getpid(), PERMIT, REFUSE),
		IF_FIRST(prlimit64, 0, PERMIT, REFUSE),
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
