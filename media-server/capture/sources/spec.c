#include "sources.h"

#include <string.h>
#include <sys/socket.h>

enum { LONGEST = 8192, WAIT_S = 5 };

enum { KIND, LOCATION, USER, PASSWORD, PASSPHRASE, TRANSPORT, AUDIO, STALL, TIMEOUT, ALLOW, KEYS };

static const struct {
	const char *key;
	guint kinds; /* of sources that know it */
	const char *otherwise; /* NULL when it may be missing or must be given */
} KEY[KEYS] = {
	[KIND] = { "kind", RTSP | RTMP | SRT, NULL },
	[LOCATION] = { "location", RTSP | RTMP | SRT, NULL },
	[USER] = { "user", RTSP | RTMP, NULL },
	[PASSWORD] = { "password", RTSP | RTMP, NULL },
	[PASSPHRASE] = { "passphrase", SRT, NULL },
	[TRANSPORT] = { "transport", RTSP, "tcp" },
	[AUDIO] = { "audio", RTSP | RTMP | SRT, "opus" },
	[STALL] = { "stall-ms", RTSP | RTMP | SRT, "10000" },
	[TIMEOUT] = { "timeout-ms", RTSP | RTMP | SRT, "5000" },
	[ALLOW] = { "allow", RTSP | RTMP | SRT, NULL },
};

/* Texts name keys and lines, never values: a value may be a credential. */
static gboolean refuse(const char *format, ...) G_GNUC_PRINTF(1, 2);
static gboolean refuse(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	end_capture(FAILED, text);
	return FALSE;
}

/* Reads up to the empty line, without it. */
static char *receive(void)
{
	struct timeval patience = { WAIT_S, 0 }, forever = { 0, 0 };
	setsockopt(CONNECTION, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	g_autofree char *text = g_malloc0(LONGEST + 1);
	char *end = NULL;
	for (gsize size = 0; size < LONGEST && end == NULL;) {
		gssize got = recv(CONNECTION, text + size, LONGEST - size, 0);
		if (got <= 0)
			return NULL;
		size += got;
		if (memchr(text, 0, size) != NULL)
			return NULL;
		end = strstr(text, "\n\n");
	}
	setsockopt(CONNECTION, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
	if (end == NULL)
		return NULL;
	*end = '\0';
	return g_utf8_validate(text, -1, NULL) ? g_steal_pointer(&text) : NULL;
}

static gboolean has_control(const char *value)
{
	for (; *value != '\0'; value++)
		if (g_ascii_iscntrl(*value))
			return TRUE;
	return FALSE;
}

static int key_index(const char *key)
{
	for (int i = 0; i < KEYS; i++)
		if (strcmp(KEY[i].key, key) == 0)
			return i;
	return -1;
}

/* Splits the lines into `values`. */
static gboolean read_lines(char **lines, char **values)
{
	for (int number = 0; lines[number] != NULL; number++) {
		char *value = strchr(lines[number], '=');
		if (value == NULL || has_control(value))
			return refuse("line %d of the spec is not key=value", number + 1);
		*value++ = '\0';
		int i = key_index(lines[number]);
		if (i < 0)
			return refuse("line %d of the spec has an unknown key", number + 1);
		if (values[i] != NULL)
			return refuse("%s is given twice", KEY[i].key);
		values[i] = value;
	}
	return TRUE;
}

static gboolean read_choice(const char *value, const char *off, const char *on, gboolean *is_on)
{
	*is_on = strcmp(value, on) == 0;
	return *is_on || strcmp(value, off) == 0;
}

static gboolean read_ms(const char *value, guint *ms)
{
	guint64 number;
	if (!g_ascii_string_to_unsigned(value, 10, 1, 3600000, &number, NULL))
		return FALSE;
	*ms = number;
	return TRUE;
}

static gboolean read_allow(const char *value, Spec *spec)
{
	g_auto(GStrv) names = g_strsplit(value, ",", -1);
	spec->allow = g_ptr_array_new();
	for (char **name = names; *name != NULL; name++) {
		GInetAddress *address = g_inet_address_new_from_string(*name);
		if (address == NULL)
			return FALSE;
		g_ptr_array_add(spec->allow, address);
	}
	return TRUE;
}

/* The location must name its host by an allowed address, and no credentials. */
static gboolean read_location(Spec *spec, const char *scheme)
{
	spec->uri = g_uri_parse(spec->location, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
	if (spec->uri == NULL || strcmp(g_uri_get_scheme(spec->uri), scheme) != 0 || g_uri_get_host(spec->uri) == NULL)
		return refuse("location is not a URL of %s", scheme);
	if (g_uri_get_userinfo(spec->uri) != NULL)
		return refuse("location has credentials");
	g_autoptr(GInetAddress) host = g_inet_address_new_from_string(g_uri_get_host(spec->uri));
	if (host != NULL && is_allowed(host))
		return TRUE;
	end_capture(NOT_ALLOWED, "the host of location is not in allow");
	return FALSE;
}

gboolean read_spec(Spec *spec)
{
	char *values[KEYS] = { NULL };
	g_autofree char *text = receive();
	if (text == NULL)
		return refuse("the spec is incomplete, longer than %d bytes, or not text", LONGEST);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	if (!read_lines(lines, values))
		return FALSE;
	const char *kind = values[KIND] != NULL ? values[KIND] : "";
	spec->kind = strcmp(kind, "rtsp") == 0 ? RTSP : strcmp(kind, "rtmp") == 0 ? RTMP : strcmp(kind, "srt") == 0 ? SRT : 0;
	if (spec->kind == 0)
		return refuse("kind is not rtsp, rtmp or srt");
	for (int i = 0; i < KEYS; i++) {
		if (values[i] != NULL && !(KEY[i].kinds & spec->kind))
			return refuse("%s is not known for %s", KEY[i].key, kind);
		if (values[i] == NULL)
			values[i] = (char *)KEY[i].otherwise;
	}
	if (values[LOCATION] == NULL || values[ALLOW] == NULL)
		return refuse("location and allow are required");
	if (!read_choice(values[TRANSPORT], "tcp", "udp", &spec->udp))
		return refuse("transport is not tcp or udp");
	if (!read_choice(values[AUDIO], "none", "opus", &spec->audio))
		return refuse("audio is not opus or none");
	if (!read_ms(values[STALL], &spec->stall_ms) || !read_ms(values[TIMEOUT], &spec->timeout_ms))
		return refuse("stall-ms or timeout-ms is not a number from 1 to 3600000");
	if (values[PASSPHRASE] != NULL && (strlen(values[PASSPHRASE]) < 10 || strlen(values[PASSPHRASE]) > 79))
		return refuse("passphrase does not have 10 to 79 bytes");
	if (!read_allow(values[ALLOW], spec))
		return refuse("allow is not a list of IP addresses");
	allow_only(spec->allow);
	spec->location = g_strdup(values[LOCATION]);
	spec->user = g_strdup(values[USER]);
	spec->password = g_strdup(values[PASSWORD]);
	spec->passphrase = g_strdup(values[PASSPHRASE]);
	return read_location(spec, kind);
}
