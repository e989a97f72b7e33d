#include "sources.h"

#include <stdio.h>
#include <string.h>

/* False for a text that is no id of a group; (gid_t)-1 is none either. */
static gboolean read_group(const char *text, gid_t *group)
{
	guint64 number;
	if (!g_ascii_string_to_unsigned(text, 10, 0, NOBODY_ELSE - 1, &number, NULL))
		return FALSE;
	*group = number;
	return TRUE;
}

int main(int argc, char **argv)
{
	gid_t group = NOBODY_ELSE;
	gboolean is_shared = argc == 5 && strcmp(argv[3], "--group") == 0 && read_group(argv[4], &group);
	if ((argc == 3 || is_shared) && strcmp(argv[1], "--listen") == 0)
		return listen_on(argv[2], group);
	/* How the listener starts a capture. */
	if (argc == 2 && strcmp(argv[1], "--capture") == 0)
		return capture();
	fputs("usage: sluice-sources --listen SOCKET [--group GID]\n", stderr);
	return 2;
}
