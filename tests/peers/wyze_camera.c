/* A camera with Wyze's application, on any library with the vendor's interface of version 4: the peer for brand=wyze.
 *
 *   cc -O1 -Wall -o wyze_camera wyze_camera.c -ldl -lpthread
 *   wyze_camera LIBRARY UID FILE.h264 ENR MAC KEY [FPS [STATUS]]
 *
 * FILE is Annex B with access unit delimiters, and is sent over and over; sound is PCM, 20 ms at 16 kHz each. KEY is the
 * authentication key that belongs to ENR and MAC (Brand::auth_key). STATUS is what the viewer is to prove: 6, the default, that it has
 * both halves of the ENR, 3 the first one, 1 nothing; 2, 4 and 5 let nobody in. What happens goes to standard output. libIOTCAPIs_ALL.so
 * of this project is such a library, and so are the vendor's. */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../crates/tutk-sys/include/tutk.h"

#define HL_CONTROL 0x0100
#define HL_HEADER 16

/* The functions of the library, by their own types. */
#define FUNCTIONS(X) \
	X(IOTC_Initialize2) X(IOTC_Device_LoginEx) X(IOTC_Listen) X(IOTC_Session_Close) X(IOTC_Set_Max_Session_Number) \
	X(avInitialize) X(avServStartEx) X(avServStop) X(avSendFrameData) X(avSendAudioData) X(avRecvIOCtrl) X(avSendIOCtrl)
#define DECLARE(name) static __typeof__(&name) p_##name;
FUNCTIONS(DECLARE)

static const char *uid, *enr, *mac, *key;
static int fps = 20;
static uint8_t status = 6;
static uint8_t *stream;
static size_t stream_len;

/* What is 40 bytes before each frame. */
struct info {
	uint16_t codec;
	uint8_t flags, camera, online, frame_rate, frame_size, bit_rate;
	uint32_t micros, seconds, length, number;
	char mac[12];
	uint32_t zero;
};
_Static_assert(sizeof(struct info) == 40, "info");

struct viewer {
	int session, av;
	uint8_t challenge[16];
	volatile int open, granted, video, audio;
};

static struct info info_of(uint16_t codec, uint8_t flags, uint32_t number, size_t length) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct info info = { .codec = codec, .flags = flags, .online = 1, .frame_rate = fps, .frame_size = 4, .bit_rate = 100,
		.micros = now.tv_nsec / 1000, .seconds = now.tv_sec, .length = length, .number = number };
	memcpy(info.mac, mac, 12);
	return info;
}

/* XXTEA of four words ("Correction to xtea", Wheeler and Needham), the way back. */
static void decrypt(uint8_t block[16], const uint8_t key[16]) {
	uint32_t v[4], k[4];
	memcpy(v, block, 16), memcpy(k, key, 16); /* little-endian, as every host of these libraries */
	for (uint32_t round = 19; round; round--) {
		uint32_t sum = round * 0x9e3779b9, e = sum >> 2 & 3;
		for (int p = 3; p >= 0; p--) {
			uint32_t before = v[(p + 3) & 3], after = v[(p + 1) & 3];
			v[p] -= ((before >> 5 ^ after << 2) + (after >> 3 ^ before << 4)) ^ ((sum ^ after) + (k[(p & 3) ^ e] ^ before));
		}
	}
	memcpy(block, v, 16);
}

static void answer(uint8_t out[16], const uint8_t challenge[16]) {
	uint8_t any[16], first[16] = { 0 }, second[16] = { 0 };
	size_t len = strlen(enr);
	memset(any, 'F', sizeof any);
	memcpy(first, enr, len < 16 ? len : 16);
	if (len > 16) memcpy(second, enr + 16, len - 16 < 16 ? len - 16 : 16);
	memcpy(out, challenge, 16);
	if (status == 1) decrypt(out, any);
	if (status == 3) decrypt(out, first);
	if (status == 6) {
		if (len >= 16) decrypt(out, first);
		decrypt(out, len > 16 ? second : any);
	}
}

static void say(struct viewer *v, uint16_t command, const void *payload, uint16_t len) {
	uint8_t body[HL_HEADER + 512] = { 'H', 'L', 5, 0, command, command >> 8, len, len >> 8 };
	memcpy(body + HL_HEADER, payload, len);
	int result = p_avSendIOCtrl(v->av, HL_CONTROL, (char *)body, HL_HEADER + len);
	printf("sent %u, %u bytes: %d\n", command, len, result);
}

static void judge(struct viewer *v, const uint8_t *payload, unsigned len) {
	static const char refused[] = "{\"connectionRes\":\"2\"}";
	char granted[256];
	uint8_t wanted[16];
	answer(wanted, v->challenge);
	if (len < 22 || memcmp(wanted, payload, 16)) {
		say(v, 10003, refused, sizeof refused - 1);
		return;
	}
	int size = snprintf(granted, sizeof granted, "{\"connectionRes\":\"1\",\"cameraInfo\":{\"basicInfo\":{\"model\":\"HL_CAM4\",\"mac\":\"%s\"},"
		"\"channelRequestResult\":{\"video\":\"%d\",\"audio\":\"%d\"}}}", mac, payload[20] == 1, payload[21] == 1);
	say(v, 10003, granted, size);
	v->granted = 1, v->video = payload[20] == 1, v->audio = payload[21] == 1;
}

static void handle(struct viewer *v, const uint8_t *body, int size) {
	if (size < HL_HEADER || body[0] != 'H' || body[1] != 'L') return;
	unsigned command = body[4] | body[5] << 8, len = body[6] | body[7] << 8;
	const uint8_t *payload = body + HL_HEADER;
	if ((int)len > size - HL_HEADER) return;
	printf("got %u, %u bytes:", command, len);
	for (unsigned i = 0; i < len && i < 8 && command != 10002; i++) printf(" %02x", payload[i]);
	printf("\n");
	if (command == 10000) {
		uint8_t asked[17] = { status };
		memcpy(asked + 1, v->challenge, 16);
		say(v, 10001, asked, sizeof asked);
	}
	if (command == 10002) judge(v, payload, len);
	if (!v->granted) return;
	if (command == 10010 && len >= 2) {
		if (payload[0] == 1) v->video = payload[1] == 1;
		if (payload[0] == 2) v->audio = payload[1] == 1;
		say(v, 10011, payload, 2);
	}
	if (command == 10056 || command == 10052) say(v, command + 1, "\1", 1);
}

static int begins(size_t at, int type) {
	return !stream[at] && !stream[at + 1] && stream[at + 2] == 1 && (stream[at + 3] & 31) == type;
}

static void *send_video(void *arg) {
	struct viewer *v = arg;
	uint32_t sent = 0, failed = 0;
	for (size_t at = 0; v->open;) {
		if (!v->video) { usleep(20000); continue; }
		size_t end = at + 5;
		while (end + 5 <= stream_len && !(stream[end] == 0 && begins(end + 1, 9))) end++;
		if (end + 5 > stream_len) end = stream_len;
		int is_key = 0;
		for (size_t i = at; i + 4 < end && !is_key; i++) is_key = begins(i, 5);
		struct info info = info_of(0x4e, is_key, ++sent, end - at);
		int result = p_avSendFrameData(v->av, (char *)stream + at, end - at, &info, sizeof info);
		if (result < 0 && failed++ < 5) printf("frame %u: %d\n", sent, result);
		if (result == -20015 || result == -20016 || result == -20010) break;
		at = end < stream_len ? end : 0;
		usleep(1000000 / fps);
	}
	printf("sent %u frames, %u failed\n", sent, failed);
	return 0;
}

static void *send_audio(void *arg) {
	struct viewer *v = arg;
	uint32_t sent = 0;
	for (; v->open; usleep(20000)) {
		if (!v->audio) continue;
		int16_t samples[320];
		for (int i = 0; i < 320; i++) samples[i] = (int16_t)((i + sent * 320) * 97);
		struct info info = info_of(0x8c, 3 << 2 | 2, ++sent, sizeof samples);
		p_avSendAudioData(v->av, (char *)samples, sizeof samples, &info, sizeof info);
	}
	printf("sent %u blocks of audio\n", sent);
	return 0;
}

static int password_of(const char *account, char *password, uint32_t size) {
	if (strcmp(account, "admin")) return -1;
	snprintf(password, size, "%s", enr);
	return 0;
}

static int no_token(const char *identity, char *token, uint32_t size) {
	(void)identity, (void)token, (void)size;
	return -1;
}

static int no(void) { return -1; }

static void *serve(void *arg) {
	struct viewer v = { .session = (int)(intptr_t)arg, .open = 1 };
	struct st_AVServStartInConfig in = { .cb = sizeof in, .iotc_session_id = v.session, .timeout_sec = 20, .server_type = 0x10,
		.resend = 1, .security_mode = AV_SECURITY_DTLS, .password_auth = password_of };
	struct st_AVServStartOutConfig out = { .cb = sizeof out };
	/* The vendor's library wants all functions. */
	in.token_auth = no_token;
	for (size_t i = 0; i < sizeof in.others / sizeof *in.others; i++) in.others[i] = (void *)no;
	for (int i = 0; i < 16; i++) v.challenge[i] = rand();
	v.av = p_avServStartEx(&in, &out);
	printf("session %d: av channel %d, resend %d\n", v.session, v.av, out.resend);
	if (v.av >= 0) {
		pthread_t video, audio;
		pthread_create(&video, 0, send_video, &v), pthread_create(&audio, 0, send_audio, &v);
		for (;;) {
			uint8_t body[1024];
			unsigned type;
			int size = p_avRecvIOCtrl(v.av, &type, (char *)body, sizeof body, 1000);
			if (size == AV_ER_TIMEOUT) continue;
			if (size < 0) { printf("io control: %d\n", size); break; }
			if (type == HL_CONTROL) handle(&v, body, size);
			else printf("io control 0x%04x, %d bytes\n", type, size);
		}
		v.open = 0;
		pthread_join(video, 0), pthread_join(audio, 0);
		p_avServStop(v.av);
	}
	p_IOTC_Session_Close(v.session);
	printf("session %d closed\n", v.session);
	return 0;
}

static void *log_in(void *unused) {
	struct st_DeviceLoginInput in = { .cb = sizeof in };
	memcpy(in.auth_key, key, 8);
	/* Without a server the LAN works all the same. */
	while (p_IOTC_Device_LoginEx(uid, &in)) sleep(5);
	return unused;
}

int main(int argc, char **argv) {
	setvbuf(stdout, 0, _IOLBF, 0);
	if (argc < 7 || strlen(argv[5]) != 12 || strlen(argv[6]) != 8) {
		fprintf(stderr, "usage: %s LIBRARY UID FILE.h264 ENR MAC KEY [FPS [STATUS]]\n", argv[0]);
		return 2;
	}
	uid = argv[2], enr = argv[4], mac = argv[5], key = argv[6];
	if (argc > 7) fps = atoi(argv[7]);
	if (argc > 8) status = atoi(argv[8]);
	srand(time(0));
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	if (!library) { fprintf(stderr, "%s\n", dlerror()); return 1; }
#define LOAD(name) \
	if (!(*(void **)&p_##name = dlsym(library, #name))) { fprintf(stderr, "%s is missing\n", #name); return 1; }
	FUNCTIONS(LOAD)
	FILE *file = fopen(argv[3], "rb");
	if (!file) { perror(argv[3]); return 1; }
	stream = malloc(64 << 20);
	stream_len = fread(stream, 1, 64 << 20, file);
	fclose(file);
	if (stream_len < 10) { fprintf(stderr, "%s is empty\n", argv[3]); return 1; }
	p_IOTC_Set_Max_Session_Number(16);
	printf("ready: %d %d\n", p_IOTC_Initialize2(0), p_avInitialize(48));
	pthread_t thread;
	pthread_create(&thread, 0, log_in, 0);
	for (;;) {
		int session = p_IOTC_Listen(0);
		if (session < 0) sleep(1);
		else pthread_create(&thread, 0, serve, (void *)(intptr_t)session), pthread_detach(thread);
	}
}
