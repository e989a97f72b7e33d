#include "sources.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* False for a text that is no id of a group; (gid_t)-1 is none either. */
static gboolean read_group(const char *text, gid_t *group)
{
	guint64 number;
	if (!g_ascii_string_to_unsigned(text, 10, 0, NOBODY_ELSE - 1, &number, NULL))
		return FALSE;
	*group = number;
	return TRUE;
}

/*
 * Captures may not write the registry of plugins, and each would look for plugins without it. GStreamer is used in a
 * process of its own: the listener stays small.
 */
static void update_registry(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		gst_init(NULL, NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	g_setenv("GST_REGISTRY_UPDATE", "no", TRUE);
	g_setenv("GST_REGISTRY_FORK", "no", TRUE);
	/* A desktop keeps its proxies in a file that captures cannot read. */
	g_setenv("GSETTINGS_BACKEND", "memory", TRUE);
}

int main(int argc, char **argv)
{
	gid_t group = NOBODY_ELSE;
	gboolean is_shared = argc == 5 && strcmp(argv[3], "--group") == 0 && read_group(argv[4], &group);
	if ((argc == 3 || is_shared) && strcmp(argv[1], "--listen") == 0) {
		/* Captures are processes of the same user, and a source may have taken one over. */
		prctl(PR_SET_DUMPABLE, 0);
		update_registry();
		return listen_on(argv[2], group);
	}
	/* How the listener starts a capture. */
	if (argc == 2 && strcmp(argv[1], "--capture") == 0)
		return capture();
	fputs("usage: sluice-sources --listen SOCKET [--group GID]\n", stderr);
	return 2;
}
