#include "sources.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static GPtrArray *allowed;
static char *refused; /* the last address, until another one was tried */
static GMutex refusing;

void allow_only(GPtrArray *addresses)
{
	allowed = addresses;
}

gboolean is_allowed(GInetAddress *address)
{
	return g_ptr_array_find_with_equal_func(allowed, address, (GEqualFunc)g_inet_address_equal, NULL);
}

char *refused_address(void)
{
	g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&refusing);
	return g_strdup(refused);
}

static gboolean refuse(const struct sockaddr *address, socklen_t length)
{
	g_autoptr(GSocketAddress) target = g_socket_address_new_from_native((gpointer)address, length);
	GInetAddress *host = target == NULL ? NULL : g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(target));
	gboolean bad = host == NULL || !is_allowed(host);
	g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&refusing);
	g_free(refused);
	refused = !bad ? NULL : host == NULL ? g_strdup("a malformed address") : g_inet_address_to_string(host);
	return bad;
}

/*
 * Takes the place of connect() in libc: whatever redirect a library follows, and however it reads a URL, no connection
 * is opened to another address.
 */
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	gboolean is_inet = address->sa_family == AF_INET || address->sa_family == AF_INET6;
	if (allowed != NULL && is_inet && refuse(address, length)) {
		errno = EACCES;
		return -1;
	}
	return (int)syscall(SYS_connect, fd, address, length);
}
