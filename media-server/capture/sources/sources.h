/* Reads cameras and encoders with GStreamer, one process per capture. README.md describes the protocol. */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>
#include <sys/types.h>

/* What one capture is asked for. Strings are NULL when the spec does not name them. */
typedef struct {
	enum { RTSP = 1, RTMP = 2, SRT = 4 } kind;
	char *location;
	GUri *uri; /* the location, parsed; its host is one of the allowed addresses */
	char *user, *password, *passphrase;
	gboolean udp, audio;
	guint stall_ms, timeout_ms;
	GPtrArray *allow; /* of GInetAddress */
} Spec;

typedef enum { UNAUTHORIZED, NOT_FOUND, UNREACHABLE, STALLED, UNSUPPORTED, NOT_ALLOWED, END_OF_STREAM, FAILED } Reason;

/* The connection that a capture process inherits. */
enum { CONNECTION = 3 };

/*
 * listener.c: accepts connections until SIGTERM or SIGINT, each for a process of its own. Returns the exit code. A group
 * of this process may connect as well, unless it is NOBODY_ELSE.
 */
#define NOBODY_ELSE ((gid_t)-1)
int listen_on(const char *path, gid_t group);

/* capture.c: one capture from its spec to its end. Returns the exit code. */
int capture(void);
/* Ends the capture; the first call counts. Any thread. */
void end_capture(Reason reason, const char *text);
/* A packet of video was written. */
void video_arrived(void);

/*
 * confine.c: from now on this process reaches no other one, no unix socket, and no file but those that GStreamer needs.
 * For a process with one thread. Returns FALSE if the kernel cannot do that.
 */
gboolean confine(void);

/* spec.c: reads the spec from the connection; returns FALSE after end_capture(). */
gboolean read_spec(Spec *spec);

/* allowed.c: from now on connect() refuses every other address. */
void allow_only(GPtrArray *addresses);
gboolean is_allowed(GInetAddress *address);
/* The address that was refused last, or NULL if the last one was allowed; free with g_free. */
char *refused_address(void);

/* pipeline.c: builds the pipeline; NULL after end_capture(). */
GstElement *build_pipeline(const Spec *spec);

/* tracks.c: whether sound is wanted. */
void choose_audio(gboolean wanted);
/* True for the first stream with H264, and for the first sound in a codec that is read. */
gboolean choose_stream(const GstStructure *caps);
/* Appends to `source` what turns a stream into packets and writes them. */
void link_stream(GstElement *source, GstPad *pad, const GstStructure *caps);
/* Why no video can come, as far as it is known, or NULL; free with g_free. */
char *missing_video(void);

/* output.c: the one writer of the connection. */
void write_event(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* A JSON string, quoted; free with g_free. */
char *json_string(const char *text);
/* Writes RTP packets of a pad probe. */
void write_packets(GstPadProbeInfo *info);
/* Writes the last event; nothing is written after it. */
void write_last_event(Reason reason, const char *text);
/* Nothing is written any more. A write that the reader holds up is given up. */
void stop_writing(void);
