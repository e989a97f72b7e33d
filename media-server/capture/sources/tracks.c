#include "sources.h"

#include <string.h>

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

/* The codecs that are read: how RTP is unpacked, and how its payload becomes a track. decodebin would take libav. */
static const struct {
	const char *codec, *unpack, *convert;
	Track *track;
} CODECS[] = {
	{ "H264", "rtph264depay ! ", VIDEO, &video },
	{ "AAC", "rtpmp4gdepay ! ", "aacparse ! faad" AUDIO, &audio },
	{ "PCMA", "rtppcmadepay ! ", "alawdec" AUDIO, &audio },
	{ "PCMU", "rtppcmudepay ! ", "mulawdec" AUDIO, &audio },
};

void choose_audio(gboolean wanted)
{
	want_audio = wanted;
}

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

gboolean choose_stream(const GstStructure *caps)
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
	if (track == &video) {
		video_arrived();
	} else if (!begun) {
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

void link_stream(GstElement *source, GstPad *pad, const GstStructure *caps)
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
