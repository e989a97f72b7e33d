#include "sources.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--listen") == 0)
		return listen_on(argv[2]);
	/* How the listener starts a capture. */
	if (argc == 2 && strcmp(argv[1], "--capture") == 0)
		return capture();
	fputs("usage: sluice-sources --listen SOCKET\n", stderr);
	return 2;
}
