#include "sources.h"

#include <gst/rtsp/gstrtspmessage.h>
#include <string.h>

enum { MOST_DESCRIBES = 5, MOST_REPEATS = 2 };

static void on_no_more_pads(GstElement *source, gpointer data)
{
	(void)source, (void)data;
	g_autofree char *missing = missing_video();
	if (missing != NULL)
		end_capture(UNSUPPORTED, missing);
}

static GstElement *make(const char *name)
{
	GstElement *element = gst_element_factory_make(name, NULL);
	g_autofree char *text = g_strdup_printf("GStreamer has no element %s", name);
	if (element == NULL)
		end_capture(FAILED, text);
	return element;
}

static gboolean on_select_stream(GstElement *source, guint number, GstCaps *caps, gpointer data)
{
	(void)source, (void)number, (void)data;
	return choose_stream(gst_caps_get_structure(caps, 0));
}

/* FALSE keeps the request from being sent. */
static gboolean on_before_send(GstElement *source, GstRTSPMessage *request, gpointer data)
{
	(void)source, (void)data;
	static int describes, repeats;
	static GstRTSPMethod last;
	GstRTSPMethod method;
	if (gst_rtsp_message_parse_request(request, &method, NULL, NULL) != GST_RTSP_OK)
		return TRUE;
	repeats = method == last ? repeats + 1 : 0;
	last = method;
	describes += method == GST_RTSP_DESCRIBE;
	g_autofree char *missing = method == GST_RTSP_PLAY ? missing_video() : NULL;
	if (method == GST_RTSP_DESCRIBE && repeats > MOST_REPEATS)
		end_capture(UNAUTHORIZED, "the credentials were refused");
	else if (describes > MOST_DESCRIBES)
		end_capture(FAILED, "too many redirects");
	else if (missing != NULL)
		end_capture(UNSUPPORTED, missing);
	else
		return TRUE;
	return FALSE;
}

static void on_pad(GstElement *source, GstPad *pad, gpointer data)
{
	(void)data;
	g_autoptr(GstCaps) caps = gst_pad_query_caps(pad, NULL);
	if (gst_caps_is_any(caps) || gst_caps_is_empty(caps))
		return;
	const GstStructure *structure = gst_caps_get_structure(caps, 0);
	if (gst_structure_has_name(structure, "application/x-rtp") || choose_stream(structure))
		link_stream(source, pad, structure);
}

static GstElement *rtsp_source(const Spec *spec)
{
	GstElement *source = make("rtspsrc");
	if (source == NULL)
		return NULL;
	/* Servers on gortsplib make clients wait that call themselves GStreamer. */
	g_object_set(source, "location", spec->location, "user-agent", "sluice", "latency", spec->udp ? 100 : 0,
		"tcp-timeout", spec->timeout_ms * G_GUINT64_CONSTANT(1000), "timeout", spec->timeout_ms * G_GUINT64_CONSTANT(1000),
		"user-id", spec->user, "user-pw", spec->password, NULL);
	gst_util_set_object_arg(G_OBJECT(source), "protocols", spec->udp ? "udp" : "tcp");
	gst_util_set_object_arg(G_OBJECT(source), "buffer-mode", "synced");
	g_signal_connect(source, "select-stream", G_CALLBACK(on_select_stream), NULL);
	g_signal_connect(source, "before-send", G_CALLBACK(on_before_send), NULL);
	return source;
}

/* The properties are set one by one: rtmp2src does not take a location with one segment. */
static GstElement *rtmp_source(const Spec *spec)
{
	const char *query = g_uri_get_query(spec->uri);
	g_auto(GStrv) path = g_strsplit(g_uri_get_path(spec->uri), "/", -1);
	guint parts = g_strv_length(path);
	if (parts < 2 || *path[parts - 1] == '\0') {
		end_capture(FAILED, "location has no path");
		return NULL;
	}
	g_autofree char *stream = g_strconcat(path[parts - 1], query == NULL ? "" : "?", query, NULL);
	g_clear_pointer(&path[parts - 1], g_free);
	g_autofree char *application = g_strjoinv("/", path + 1);
	GstElement *source = make("rtmp2src");
	if (source == NULL)
		return NULL;
	g_object_set(source, "host", g_uri_get_host(spec->uri), "application", application, "stream", stream, "timeout",
		(spec->timeout_ms + 999) / 1000, NULL);
	if (g_uri_get_port(spec->uri) > 0)
		g_object_set(source, "port", g_uri_get_port(spec->uri), NULL);
	if (spec->user != NULL)
		g_object_set(source, "username", spec->user, "password", spec->password, NULL);
	return source;
}

/* The URI is written anew: a query of the location could make it a listener, or name a passphrase. */
static GstElement *srt_source(const Spec *spec)
{
	g_autoptr(GHashTable) query = g_uri_parse_params(g_uri_get_query(spec->uri) ?: "", -1, "&", G_URI_PARAMS_NONE, NULL);
	const char *stream = query == NULL ? NULL : g_hash_table_lookup(query, "streamid");
	if (query == NULL || g_hash_table_size(query) != (stream == NULL ? 0 : 1) || g_uri_get_port(spec->uri) <= 0) {
		end_capture(FAILED, "location is not srt://ADDRESS:PORT or srt://ADDRESS:PORT?streamid=ID");
		return NULL;
	}
	g_autofree char *uri = g_uri_join(G_URI_FLAGS_NONE, "srt", NULL, g_uri_get_host(spec->uri), g_uri_get_port(spec->uri),
		"", NULL, NULL);
	GstElement *source = make("srtsrc");
	if (source == NULL)
		return NULL;
	g_object_set(source, "uri", uri, "latency", 120, "auto-reconnect", FALSE, NULL);
	if (stream != NULL)
		g_object_set(source, "streamid", stream, NULL);
	if (spec->passphrase != NULL)
		g_object_set(source, "passphrase", spec->passphrase, NULL);
	return source;
}

/* Appends an element; returns it, or NULL after end_capture(). */
static GstElement *append(GstElement *pipeline, GstElement *last, const char *name)
{
	GstElement *element = last == NULL ? NULL : make(name);
	if (element != NULL && gst_bin_add(GST_BIN(pipeline), element))
		gst_element_link(last, element);
	return element;
}

GstElement *build_pipeline(const Spec *spec)
{
	choose_audio(spec->audio);
	GstElement *last = spec->kind == RTSP ? rtsp_source(spec) : spec->kind == RTMP ? rtmp_source(spec) : srt_source(spec);
	if (last == NULL)
		return NULL;
	GstElement *pipeline = gst_pipeline_new(NULL);
	gst_bin_add(GST_BIN(pipeline), last);
	if (spec->kind == RTMP)
		last = append(pipeline, last, "flvdemux");
	if (spec->kind == SRT)
		last = append(pipeline, append(pipeline, last, "tsparse"), "tsdemux");
	if (last == NULL)
		return NULL;
	/* With the PCR, timestamps would follow the arrival of packets. */
	if (spec->kind == SRT)
		g_object_set(last, "latency", 0, "ignore-pcr", TRUE, NULL);
	g_signal_connect(last, "pad-added", G_CALLBACK(on_pad), NULL);
	/* flvdemux says so too early when it joins a stream, and rtspsrc needs no such signal. */
	if (spec->kind == SRT)
		g_signal_connect(last, "no-more-pads", G_CALLBACK(on_no_more_pads), NULL);
	return pipeline;
}
