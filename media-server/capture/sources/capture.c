#include "sources.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The longest that a capture takes to end, whatever the source and the reader do. */
enum { LONGEST_END_S = 2, SHORTEST_SECRET = 3 };

static Spec spec;
static GMainLoop *loop;

static GMutex ending;
static char *end_text; /* NULL while the capture goes on */
static Reason end_reason;
static _Atomic gboolean input_closed;

static gint64 begun_ms;
static _Atomic gint64 video_ms; /* of the last packet; 0 before the first */

static gint64 now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

/* Works before the loop runs as well, where g_main_loop_quit() would be lost. */
static gboolean quit(gpointer data)
{
	(void)data;
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

void end_capture(Reason reason, const char *text)
{
	g_mutex_lock(&ending);
	if (end_text == NULL) {
		end_reason = reason;
		end_text = g_strdup(text);
		g_idle_add(quit, NULL);
	}
	g_mutex_unlock(&ending);
}

void video_arrived(void)
{
	video_ms = now_ms();
}

/* Waits for the end of the input. This thread does nothing else, so that nothing delays it. */
static gpointer watch_input(gpointer data)
{
	char ignored[256];
	while (recv(CONNECTION, ignored, sizeof ignored, 0) > 0)
		;
	alarm(LONGEST_END_S);
	input_closed = TRUE;
	stop_writing();
	g_idle_add(quit, data);
	return NULL;
}

/* The listener ends or is gone: as if the input had been closed. */
static void on_terminate(int signal)
{
	(void)signal;
	shutdown(CONNECTION, SHUT_RD);
}

/* Ends the capture when no video comes; otherwise looks again when it would be due, or when video may have begun. */
static gboolean check_video(gpointer data)
{
	gint64 last = video_ms;
	gint64 wait = (last != 0 ? last : begun_ms + spec.timeout_ms) + spec.stall_ms - now_ms();
	if (wait > 0) {
		g_timeout_add(MIN(wait, spec.stall_ms), check_video, data);
		return G_SOURCE_REMOVE;
	}
	g_autofree char *missing = missing_video();
	g_autofree char *text = last != 0 ? g_strdup_printf("no video for %u ms", spec.stall_ms)
		: g_strdup_printf("no video within %u ms", spec.timeout_ms + spec.stall_ms);
	end_capture(missing != NULL ? UNSUPPORTED : STALLED, missing != NULL ? missing : text);
	return G_SOURCE_REMOVE;
}

/* The status code of an RTSP server, which GStreamer appends to its reason phrase as in "Not Found (404)", or 0. */
static int status_of(const char *line)
{
	gsize size = strlen(line);
	return size >= 5 && line[size - 1] == ')' && line[size - 5] == '(' ? atoi(line + size - 4) : 0;
}

static Reason reason_of(const GError *error, const char *line)
{
	static const struct { GQuark (*domain)(void); int code; Reason reason; } REASONS[] = {
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_AUTHORIZED, UNAUTHORIZED },
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_FOUND, NOT_FOUND },
		/* How rtmp2src says that it could not connect. */
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_FAILED, UNREACHABLE },
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_OPEN_READ, UNREACHABLE },
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_OPEN_READ_WRITE, UNREACHABLE },
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_READ, UNREACHABLE },
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_WRITE, UNREACHABLE },
		/* An SDP without streams. */
		{ gst_resource_error_quark, GST_RESOURCE_ERROR_SETTINGS, UNSUPPORTED },
		/* No stream was selected, or the server refused the transport. */
		{ gst_stream_error_quark, GST_STREAM_ERROR_CODEC_NOT_FOUND, UNSUPPORTED },
	};
	int status = status_of(line);
	if (status != 0)
		return status == 401 || status == 403 ? UNAUTHORIZED : status == 404 ? NOT_FOUND : FAILED;
	/* How srtsrc says that the passphrase is wrong, missing or not expected. */
	if (g_str_has_prefix(line, "Failed to authenticate"))
		return UNAUTHORIZED;
	for (gsize i = 0; i < G_N_ELEMENTS(REASONS); i++)
		if (g_error_matches(error, REASONS[i].domain(), REASONS[i].code))
			return REASONS[i].reason;
	return FAILED;
}

/* Of a status, the number alone is repeated: the reason phrase is the server's. */
static char *text_of(const GError *error, const char *line)
{
	int status = status_of(line);
	GString *text = g_string_new(error->message);
	if (status != 0)
		g_string_append_printf(text, " (%d)", status);
	else if (*line != '\0')
		g_string_append_printf(text, " (%s)", line);
	const char *secrets[] = { spec.password, spec.passphrase, spec.user };
	for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
		if (secrets[i] != NULL && strlen(secrets[i]) >= SHORTEST_SECRET)
			g_string_replace(text, secrets[i], "***", 0);
	return g_string_free(text, FALSE);
}

static void on_error(const GError *error, const char *debug)
{
	const char *end = debug == NULL ? NULL : strrchr(debug, '\n');
	const char *line = end == NULL ? "" : end + 1;
	g_autofree char *refused = refused_address(), *missing = missing_video();
	g_autofree char *text = refused != NULL ? g_strdup_printf("%s is not allowed", refused)
		: missing != NULL ? g_strdup(missing) : text_of(error, line);
	end_capture(refused != NULL ? NOT_ALLOWED : missing != NULL ? UNSUPPORTED : reason_of(error, line), text);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
	(void)bus, (void)data;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
		end_capture(END_OF_STREAM, "the source has ended the stream");
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		g_autoptr(GError) error = NULL;
		g_autofree char *debug = NULL;
		gst_message_parse_error(message, &error, &debug);
		on_error(error, debug);
	}
	return G_SOURCE_CONTINUE;
}

/* The pipeline, running; NULL if it could not be built. */
static GstElement *start(void)
{
	if (!confine()) {
		end_capture(FAILED, "the kernel has no seccomp");
		return NULL;
	}
	if (!read_spec(&spec))
		return NULL;
	gst_init(NULL, NULL);
	GstElement *pipeline = build_pipeline(&spec);
	if (pipeline == NULL)
		return NULL;
	g_thread_unref(g_thread_new("input", watch_input, NULL));
	struct sigaction terminate = { .sa_handler = on_terminate };
	sigaction(SIGTERM, &terminate, NULL);
	g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
	gst_bus_add_watch(bus, on_message, NULL);
	begun_ms = now_ms();
	check_video(NULL);
	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	return pipeline;
}

int capture(void)
{
	/* Only the owner of the machine may read the memory of this process, which holds credentials. */
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "sluice-capture");
	loop = g_main_loop_new(NULL, FALSE);
	GstElement *pipeline = start();
	g_main_loop_run(loop);
	if (!input_closed) {
		alarm(LONGEST_END_S);
		write_last_event(end_reason, end_text);
	}
	/* Sends TEARDOWN. */
	if (pipeline != NULL)
		gst_element_set_state(pipeline, GST_STATE_NULL);
	/* Not exit(): handlers of libraries may wait for threads. */
	_exit(0);
}
