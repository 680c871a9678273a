/* Shows a camera in a window, with its sound. The environment variable TUTK_PASSWORD holds its password.
 *
 *   cc -o play play.c $(pkg-config --cflags --libs gstreamer-1.0)
 *   TUTK_PASSWORD=... ./play UID
 */
#include <gst/gst.h>

int main(int argc, char *argv[])
{
	gst_init(&argc, &argv);
	if (argc != 2) {
		g_printerr("usage: play UID\n");
		return 2;
	}

	/* A player that gets a URI plugs tutksrc, tutkdemux and decoders. */
	GstElement *pipeline = gst_element_factory_make("playbin", NULL);
	if (pipeline == NULL) {
		g_printerr("GStreamer's base plugins are not installed\n");
		return 1;
	}
	char *uri = g_strconcat("tutk://", argv[1], NULL);
	g_object_set(pipeline, "uri", uri, NULL);
	g_free(uri);

	gst_element_set_state(pipeline, GST_STATE_PLAYING);
	GstBus *bus = gst_element_get_bus(pipeline);
	GstMessage *message =
		gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
	int status = 0;
	GError *error = NULL;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		gst_message_parse_error(message, &error, NULL);
		g_printerr("%s\n", error->message);
		g_error_free(error);
		status = 1;
	}
	gst_message_unref(message);
	gst_object_unref(bus);
	gst_element_set_state(pipeline, GST_STATE_NULL);
	gst_object_unref(pipeline);
	return status;
}
