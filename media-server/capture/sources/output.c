#include "sources.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { LONGEST_TEXT = 300, LAST_WORD_MS = 1000 };

static GMutex writing;
static GByteArray *frames; /* reused */
static gboolean over; /* nothing more is written */
/* When a write that the reader holds up is given up; a monotonic time. Set once, when the capture ends. */
static _Atomic gint64 give_up = G_MAXINT64;

/* Sends what is in `frames`, or drops it. A part of a frame that was given up is the last thing that is written. */
static void send_frames(gboolean wanted)
{
	for (gsize sent = 0; wanted && sent < frames->len && !over;) {
		gssize size = send(CONNECTION, frames->data + sent, frames->len - sent, MSG_NOSIGNAL);
		if (size >= 0)
			sent += size;
		else if (errno != EINTR && (errno != EAGAIN || g_get_monotonic_time() >= give_up))
			over = TRUE;
	}
	g_byte_array_set_size(frames, 0);
}

/* Adds a frame of RFC 4571 and returns the place of its payload. */
static guint8 *add_frame(gsize size)
{
	guint at = frames->len;
	g_byte_array_set_size(frames, at + 2 + size);
	GST_WRITE_UINT16_BE(frames->data + at, size);
	return frames->data + at + 2;
}

static void begin(void)
{
	g_mutex_lock(&writing);
	if (frames != NULL)
		return;
	frames = g_byte_array_new();
	struct timeval turn = { 0, 100000 };
	setsockopt(CONNECTION, SOL_SOCKET, SO_SNDTIMEO, &turn, sizeof turn);
}

static void add_packet(GstBuffer *packet)
{
	gsize size = gst_buffer_get_size(packet);
	gst_buffer_extract(packet, 0, add_frame(size), size);
}

void write_packets(GstPadProbeInfo *info)
{
	gboolean is_list = (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0;
	GstBufferList *list = is_list ? GST_PAD_PROBE_INFO_BUFFER_LIST(info) : NULL;
	begin();
	for (guint i = 0; is_list && i < gst_buffer_list_length(list); i++)
		add_packet(gst_buffer_list_get(list, i));
	if (!is_list)
		add_packet(GST_PAD_PROBE_INFO_BUFFER(info));
	send_frames(give_up == G_MAXINT64);
	g_mutex_unlock(&writing);
}

static void send_text(const char *text, gboolean wanted)
{
	gsize size = strlen(text);
	memcpy(add_frame(size), text, size);
	send_frames(wanted);
}

void write_event(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	begin();
	send_text(text, give_up == G_MAXINT64);
	g_mutex_unlock(&writing);
}

char *json_string(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, strnlen(text, LONGEST_TEXT));
	GString *json = g_string_new("\"");
	for (const char *c = valid; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(json, "\\%c", *c);
		else if ((guchar)*c < ' ')
			g_string_append_printf(json, "\\u%04x", *c);
		else
			g_string_append_c(json, *c);
	}
	g_string_append_c(json, '"');
	return g_string_free(json, FALSE);
}

void write_last_event(Reason reason, const char *text)
{
	static const char *const NAME[] = {
		[UNAUTHORIZED] = "unauthorized", [NOT_FOUND] = "notFound",
		[UNREACHABLE] = "unreachable",   [STALLED] = "stalled",
		[UNSUPPORTED] = "unsupported",   [NOT_ALLOWED] = "notAllowed",
		[END_OF_STREAM] = "endOfStream", [FAILED] = "failed",
	};
	g_autofree char *json = json_string(text);
	g_autofree char *event = g_strdup_printf("{\"event\":\"ended\",\"reason\":\"%s\",\"text\":%s}", NAME[reason], json);
	/* From here on the streaming threads write nothing. */
	give_up = g_get_monotonic_time() + LAST_WORD_MS * 1000;
	begin();
	send_text(event, TRUE);
	over = TRUE;
	g_mutex_unlock(&writing);
}

void stop_writing(void)
{
	give_up = 0;
}
