#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A capture ends within two seconds of SIGTERM, unless a source has taken it over. */
enum { MOST_CAPTURES = 256, LONGEST_STOP_S = 3 };
/* Stacks of threads count as data, so they are kept small. */
static const rlim_t MOST_DATA = 192 << 20, MOST_STACK = 2 << 20;

static pid_t captures[MOST_CAPTURES];

static int fault(const char *what, const char *path)
{
	fprintf(stderr, "sluice-sources: %s %s: %s\n", what, path, strerror(errno));
	return 1;
}

/* Removes a socket that a killed process left behind. One that is listened on stays. */
static gboolean remove_stale(const struct sockaddr_un *address)
{
	struct stat found;
	if (lstat(address->sun_path, &found) != 0 || !S_ISSOCK(found.st_mode))
		return TRUE;
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gboolean alive = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
	close(probe);
	if (alive)
		errno = EADDRINUSE;
	return !alive && unlink(address->sun_path) == 0;
}

/* The socket is for its owner alone until it has its group. */
static gboolean open_to(const char *path, gid_t group)
{
	return group == NOBODY_ELSE || (lchown(path, -1, group) == 0 && chmod(path, 0660) == 0);
}

static int open_socket(const char *path, gid_t group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	if (listener < 0 || !remove_stale(&address) || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    !open_to(path, group) || listen(listener, SOMAXCONN) != 0)
		return -1;
	umask(before);
	return listener;
}

/* In the new process: becomes the capture. Limits come first, so that they hold for all of it. */
static void become_capture(int connection, pid_t parent, const sigset_t *unblocked)
{
	const struct rlimit none = { 0, 0 }, data = { MOST_DATA, MOST_DATA }, stack = { MOST_STACK, MOST_STACK };
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && setrlimit(RLIMIT_CORE, &none) == 0 &&
	    setrlimit(RLIMIT_DATA, &data) == 0 && setrlimit(RLIMIT_STACK, &stack) == 0 &&
	    sigprocmask(SIG_SETMASK, unblocked, NULL) == 0 &&
	    (connection == CONNECTION ? fcntl(connection, F_SETFD, 0) == 0 : dup2(connection, CONNECTION) == CONNECTION))
		execl("/proc/self/exe", "sluice-sources", "--capture", NULL);
	_exit(1);
}

static void start_capture(int connection, const sigset_t *unblocked)
{
	pid_t self = getpid();
	for (int slot = 0; slot < MOST_CAPTURES; slot++) {
		if (captures[slot] != 0)
			continue;
		pid_t pid = fork();
		if (pid == 0)
			become_capture(connection, self, unblocked);
		if (pid > 0)
			captures[slot] = pid;
		else
			fault("cannot", "fork");
		return;
	}
	fputs("sluice-sources: a connection was refused: too many captures\n", stderr);
}

static void reap(int flags)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, flags)) > 0;) {
		for (int slot = 0; slot < MOST_CAPTURES; slot++)
			if (captures[slot] == pid)
				captures[slot] = 0;
		if (WIFSIGNALED(status))
			fprintf(stderr, "sluice-sources: capture %d was killed: %s\n", pid, strsignal(WTERMSIG(status)));
	}
}

static void end_captures(int signal)
{
	for (int slot = 0; slot < MOST_CAPTURES; slot++)
		if (captures[slot] != 0)
			kill(captures[slot], signal);
}

static void on_late(int signal)
{
	(void)signal;
	end_captures(SIGKILL);
}

int listen_on(const char *path, gid_t group)
{
	sigset_t handled, unblocked;
	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	sigprocmask(SIG_BLOCK, &handled, &unblocked);
	int listener = open_socket(path, group);
	if (listener < 0)
		return fault("cannot listen on", path);
	struct pollfd ready[] = {
		{ .fd = signalfd(-1, &handled, SFD_CLOEXEC), .events = POLLIN },
		{ .fd = listener, .events = POLLIN },
	};
	for (;;) {
		if (poll(ready, 2, -1) < 0 && errno != EINTR) {
			fault("cannot", "poll");
			break;
		}
		struct signalfd_siginfo info;
		if (ready[0].revents && read(ready[0].fd, &info, sizeof info) == sizeof info) {
			if (info.ssi_signo != SIGCHLD)
				break;
			reap(WNOHANG);
		}
		int connection = ready[1].revents ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (connection >= 0) {
			start_capture(connection, &unblocked);
			close(connection);
		}
	}
	close(listener);
	unlink(path);
	signal(SIGALRM, on_late);
	alarm(LONGEST_STOP_S);
	end_captures(SIGTERM);
	reap(0);
	return 0;
}
