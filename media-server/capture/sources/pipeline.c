#include "sources.h"

#include <gst/rtsp/gstrtspmessage.h>
#include <string.h>

enum { MOST_DESCRIBES = 5, MOST_REPEATS = 2 };
static const guint64 CLOCK_EVERY_US = 5000000;

/* A medium that is written. Each belongs to one streaming thread once its pad is linked. */
typedef struct {
	const char *kind;
	char *codec; /* of the source; NULL until one is chosen */
	guint64 clock_us; /* when the next clock event is due; running time */
} Track;

static Track video = { .kind = "video" }, audio = { .kind = "audio" };
static char *refused; /* the first codec of video that is not H264 */
static GMutex choosing; /* the codecs of tracks, and `refused` */
static gboolean want_audio;

#define OUT " ! fakesink name=out sync=false async=false"
/* h264parse writes SPS and PPS before each key frame. rtph264pay would write them before each slice of it. */
#define VIDEO \
	"h264parse name=parse config-interval=-1 ! video/x-h264,alignment=au" \
	" ! rtph264pay pt=96 mtu=1200 aggregate-mode=zero-latency" OUT
/* Without perfect-timestamp, RTP steps differ from 960 and browsers conceal a third of the sound. */
#define AUDIO \
	" ! audioconvert ! audioresample ! audio/x-raw,channels=[1,2] ! opusenc bitrate=64000 perfect-timestamp=true" \
	" ! rtpopuspay pt=111 mtu=1200" OUT

/* All codecs that are read: how RTP is unpacked, and how the payload becomes an RTP track. decodebin would take libav. */
static const struct {
	const char *codec, *unpack, *convert;
	Track *track;
} CODECS[] = {
	{ "H264", "rtph264depay ! ", VIDEO, &video },
	{ "AAC", "rtpmp4gdepay ! ", "aacparse ! faad" AUDIO, &audio },
	{ "PCMA", "rtppcmadepay ! ", "alawdec" AUDIO, &audio },
	{ "PCMU", "rtppcmudepay ! ", "mulawdec" AUDIO, &audio },
};

/* ---- What the source offers ---- */

/* "video", "audio", or something else: of RTP caps the medium, of others the beginning of their name. */
static gboolean is_medium(const GstStructure *caps, const char *medium)
{
	const char *rtp = gst_structure_get_string(caps, "media");
	return rtp != NULL ? strcmp(rtp, medium) == 0 : g_str_has_prefix(gst_structure_get_name(caps), medium);
}

/* The name of a codec, as in CODECS if it is there. Free with g_free. */
static char *codec_of(const GstStructure *caps)
{
	static const struct { const char *name, *codec; } NAMES[] = {
		{ "MPEG4-GENERIC", "AAC" }, { "X-ALAW", "PCMA" }, { "X-MULAW", "PCMU" },
	};
	const char *rtp = gst_structure_get_string(caps, "encoding-name");
	const char *own = strchr(gst_structure_get_name(caps), '/');
	int version = 0;
	if (rtp == NULL && gst_structure_has_name(caps, "audio/mpeg") && gst_structure_get_int(caps, "mpegversion", &version))
		return g_strdup(version == 1 ? "MPEG" : "AAC");
	g_autofree char *name = g_ascii_strup(rtp != NULL ? rtp : own + 1, -1);
	for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++)
		if (strcmp(NAMES[i].name, name) == 0)
			return g_strdup(NAMES[i].codec);
	return g_strdup(rtp == NULL && g_str_has_prefix(name, "X-") ? name + 2 : name);
}

static int codec_index(const char *codec)
{
	for (gsize i = 0; i < G_N_ELEMENTS(CODECS); i++)
		if (strcmp(CODECS[i].codec, codec) == 0)
			return i;
	return -1;
}

/* True for the first stream with H264, and for the first sound in a known codec. */
static gboolean choose(const GstStructure *caps)
{
	Track *track = is_medium(caps, "video") ? &video : is_medium(caps, "audio") && want_audio ? &audio : NULL;
	g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&choosing);
	if (track == NULL || track->codec != NULL)
		return FALSE;
	g_autofree char *codec = codec_of(caps);
	int index = codec_index(codec);
	if (index >= 0 && CODECS[index].track == track) {
		track->codec = g_steal_pointer(&codec);
		return TRUE;
	}
	g_autofree char *name = json_string(codec);
	write_event("{\"event\":\"unsupported\",\"kind\":\"%s\",\"codec\":%s}", track->kind, name);
	if (track == &video && refused == NULL)
		refused = g_steal_pointer(&codec);
	return FALSE;
}

char *missing_video(void)
{
	g_autoptr(GMutexLocker) lock = g_mutex_locker_new(&choosing);
	if (video.codec == NULL && refused != NULL)
		return g_strdup_printf("video codec %s", refused);
	return video.codec == NULL && audio.codec != NULL ? g_strdup("no video") : NULL;
}

/* ---- What is written ---- */

/* Says at which running time a packet is presented, so that the reader can write sender reports. */
static void write_clock(Track *track, GstPad *pad, GstBuffer *packet)
{
	g_autoptr(GstEvent) event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
	guint8 header[12];
	const GstSegment *segment;
	if (event == NULL || gst_buffer_extract(packet, 0, header, sizeof header) != sizeof header)
		return;
	gst_event_parse_segment(event, &segment);
	guint64 at = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(packet));
	if (!GST_CLOCK_TIME_IS_VALID(at) || at / 1000 < track->clock_us)
		return;
	track->clock_us = at / 1000 + CLOCK_EVERY_US;
	write_event("{\"event\":\"clock\",\"kind\":\"%s\",\"rtp\":%u,\"ntpUs\":%" G_GUINT64_FORMAT "}", track->kind,
		GST_READ_UINT32_BE(header + 4), at / 1000);
}

static GstPadProbeReturn on_packets(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	static gboolean begun; /* of the sound */
	Track *track = data;
	GstBuffer *first = GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER
		? GST_PAD_PROBE_INFO_BUFFER(info)
		: gst_buffer_list_get(GST_PAD_PROBE_INFO_BUFFER_LIST(info), 0);
	if (track == &video)
		video_arrived();
	else if (!begun) {
		/* The first packet is left out: it is shorter, since the encoder's look-ahead is cut from it. */
		begun = TRUE;
		write_event("{\"event\":\"track\",\"kind\":\"audio\",\"codec\":\"Opus\",\"from\":\"%s\"}", track->codec);
		return GST_PAD_PROBE_OK;
	}
	write_clock(track, pad, first);
	write_packets(info);
	return GST_PAD_PROBE_OK;
}

/* Describes the video whenever h264parse has read another SPS. */
static GstPadProbeReturn on_video_caps(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	(void)pad, (void)data;
	static char *last;
	GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
	if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
		return GST_PAD_PROBE_OK;
	GstCaps *caps;
	gst_event_parse_caps(event, &caps);
	const GstStructure *structure = gst_caps_get_structure(caps, 0);
	const char *profile = gst_structure_get_string(structure, "profile");
	int width, height;
	GString *track = g_string_new("{\"event\":\"track\",\"kind\":\"video\",\"codec\":\"H264\"");
	if (profile != NULL)
		g_string_append_printf(track, ",\"profile\":\"%s\"", profile);
	if (gst_structure_get_int(structure, "width", &width) && gst_structure_get_int(structure, "height", &height))
		g_string_append_printf(track, ",\"width\":%d,\"height\":%d", width, height);
	g_string_append_c(track, '}');
	if (g_strcmp0(last, track->str) != 0)
		write_event("%s", track->str);
	g_free(last);
	last = g_string_free(track, FALSE);
	return GST_PAD_PROBE_OK;
}

static void add_probe(GstElement *bin, const char *element, const char *pad_name, GstPadProbeType type,
	GstPadProbeCallback probe, Track *track)
{
	g_autoptr(GstElement) found = gst_bin_get_by_name(GST_BIN(bin), element);
	g_autoptr(GstPad) pad = gst_element_get_static_pad(found, pad_name);
	gst_pad_add_probe(pad, type, probe, track, NULL);
}

/* Appends what turns a stream of the source into packets. */
static void link_track(GstElement *source, GstPad *pad, const GstStructure *caps)
{
	g_autofree char *codec = codec_of(caps);
	int index = codec_index(codec);
	if (index < 0)
		return;
	Track *track = CODECS[index].track;
	gboolean is_rtp = gst_structure_has_name(caps, "application/x-rtp");
	g_autofree char *elements = g_strconcat(is_rtp ? CODECS[index].unpack : "", CODECS[index].convert, NULL);
	g_autoptr(GError) error = NULL;
	GstElement *bin = gst_parse_bin_from_description(elements, TRUE, &error);
	if (error != NULL) {
		end_capture(FAILED, error->message);
		return;
	}
	add_probe(bin, "out", "sink", GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packets, track);
	if (track == &video)
		add_probe(bin, "parse", "src", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_video_caps, track);
	g_autoptr(GstObject) pipeline = gst_object_get_parent(GST_OBJECT(source));
	gst_bin_add(GST_BIN(pipeline), bin);
	gst_element_sync_state_with_parent(bin);
	g_autoptr(GstPad) sink = gst_element_get_static_pad(bin, "sink");
	if (gst_pad_link(pad, sink) != GST_PAD_LINK_OK)
		end_capture(FAILED, "the stream does not have the form that its codec has");
}

/* ---- Sources ---- */

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
	return choose(gst_caps_get_structure(caps, 0));
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
	if (gst_structure_has_name(structure, "application/x-rtp") || choose(structure))
		link_track(source, pad, structure);
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

/* Appends an element; returns it. */
static GstElement *append(GstElement *pipeline, GstElement *last, const char *name)
{
	GstElement *element = make(name);
	if (element != NULL && gst_bin_add(GST_BIN(pipeline), element))
		gst_element_link(last, element);
	return element;
}

GstElement *build_pipeline(const Spec *spec)
{
	want_audio = spec->audio;
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
