/*
 * What a capture process could do that a source has taken over: taken_over SOCKET FILE PID. Confines itself as captures
 * do, then tries to reach a unix socket, a file and another process of its user, and to make processes. Prints a line for
 * each attempt.
 */
#include "../../media-server/capture/sources/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void tried(const char *what, int result)
{
	printf("%s: %s\n", what, result >= 0 ? "done" : strerror(errno));
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int connect_datagram(const char *path)
{
	int pair[2];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0 ? -1 : connect(pair[0], (struct sockaddr *)&address, sizeof address);
}

static int execute(void)
{
	char *none[] = { NULL };
	return execve("/usr/bin/true", none, none);
}

static int limit(pid_t pid)
{
	struct rlimit none = { 0, 0 };
	return prlimit(pid, RLIMIT_CORE, &none, NULL);
}

static gpointer nothing(gpointer data)
{
	return data;
}

static int thread(void)
{
	g_autoptr(GError) error = NULL;
	GThread *made = g_thread_try_new("made", nothing, NULL, &error);
	if (made != NULL)
		g_thread_join(made);
	return made != NULL ? 0 : -1;
}

/* Ends a process that was made, and waits for its end. */
static int ended(pid_t child)
{
	if (child == 0)
		_exit(0);
	return child < 0 ? -1 : waitpid(child, NULL, 0);
}

static pid_t clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	return syscall(SYS_clone3, &args, sizeof args);
}

/* Ways to send a signal to the owner of a file. */
static void try_owners(int file, int other)
{
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = other };
	tried("owner", fcntl(file, F_SETOWN, other));
	tried("typed owner", fcntl(file, F_SETOWN_EX, &owner));
	tried("owner's signal", fcntl(file, F_SETSIG, SIGCONT));
	tried("owner by FIOSETOWN", ioctl(file, FIOSETOWN, &other));
	tried("owner by SIOCSPGRP", ioctl(file, SIOCSPGRP, &other));
}

/* Ways to keep a process from its work. */
static void try_schedules(pid_t other)
{
	struct sched_param none = { 0 };
	/* A struct sched_attr, which begins with its size; its header does not go with that of libc. */
	guint32 attributes[12] = { sizeof attributes };
	cpu_set_t processors;
	sched_getaffinity(other, sizeof processors, &processors);
	tried("processors", sched_setaffinity(other, sizeof processors, &processors));
	tried("scheduler", sched_setscheduler(other, SCHED_OTHER, &none));
	tried("parameters of the scheduler", sched_setparam(other, &none));
	tried("attributes of the scheduler", syscall(SYS_sched_setattr, other, attributes, 0));
	tried("priority", setpriority(PRIO_PROCESS, other, 0));
	tried("priority of the group", setpriority(PRIO_PGRP, 0, 0));
	tried("priority of files", syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, other, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)));
	tried("place of memory", syscall(SYS_move_pages, other, 0, NULL, NULL, NULL, 0));
}

int main(int argc, char **argv)
{
	if (argc != 4 || (getenv("FREE") == NULL && !confine()))
		return 2;
	setlinebuf(stdout);
	const char *socket_path = argv[1], *file = argv[2];
	pid_t other = atoi(argv[3]);
	g_autofree char *memory = g_strdup_printf("/proc/%d/mem", other);
	g_autofree char *beside = g_strconcat(file, ".new", NULL);
	int internet = socket(AF_INET, SOCK_STREAM, 0);
	tried("internet socket", internet);
	tried("own file", fcntl(internet, F_SETFL, O_NONBLOCK));
	tried("thread", thread());
	tried("library", open("/usr/bin/env", O_RDONLY));
	tried("own signal", raise(SIGCONT) == 0 ? 0 : -1);
	tried("connect", connect_unix(socket_path));
	tried("connect a datagram", connect_datagram(socket_path));
	tried("read", open(file, O_RDONLY));
	tried("write", open(file, O_WRONLY));
	tried("create", open(beside, O_WRONLY | O_CREAT, 0600));
	tried("memory", open(memory, O_RDWR));
	tried("limit", limit(other));
	tried("trace", (int)ptrace(PTRACE_SEIZE, other, NULL, NULL));
	tried("signal", kill(other, SIGCONT));
	try_owners(internet, other);
	try_schedules(other);
	tried("fork", ended(fork()));
	tried("fork by a call of its own", ended(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)));
	tried("clone3", ended(clone3()));
	tried("remove", unlink(file));
	tried("execute", execute());
	return 0;
}
