/*
 * What a capture process could do that a source has taken over: taken_over SOCKET FILE PID. Confines itself as captures
 * do, then tries to reach a unix socket, a file and another process of its user. Prints a line for each attempt.
 */
#include "../../media-server/capture/sources/sources.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

int main(int argc, char **argv)
{
	if (argc != 4 || (getenv("FREE") == NULL && !confine()))
		return 2;
	setlinebuf(stdout);
	const char *socket_path = argv[1], *file = argv[2];
	pid_t other = atoi(argv[3]);
	g_autofree char *memory = g_strdup_printf("/proc/%d/mem", other);
	g_autofree char *beside = g_strconcat(file, ".new", NULL);
	tried("internet socket", socket(AF_INET, SOCK_STREAM, 0));
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
	tried("remove", unlink(file));
	tried("execute", execute());
	return 0;
}
