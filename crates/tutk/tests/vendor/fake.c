/* A library with the vendor's interface that does what the UID says, for tests: eight letters, then a number of twelve
 * digits.
 *
 *   PLAINxxx  all is well              CODECONN  connect fails with -number     CODELOGI  login fails with -number
 *   SLOWCONN  connect takes number ms and cannot be stopped                     SLOWLOGI  so does the login
 *   STOPCONN  connect takes until it is stopped                                 STOPLOGI  so does the login
 *   CODERECV  frames fail with -number FRAMEBIG  a frame needs number bytes     FRAMEODD  frames that are not right
 *   DEADCONN  connect never ends, as if the library's own thread had crashed    DEADLOGI  neither does the login
 *   ODDSTATE  a session's info is nonsense                                      STUCKIOC  IO controls are never confirmed
 *   BOTHSEND  blocks of audio and key frames, with numbers and without a break; of ten blocks of audio one is lost
 *   SPEAKERS  the camera comes to listen number ms after it is asked; its channel for that is 3
 *   KEYEDCAM  the camera wants the key rightKEY                                 DTLSONLY  the camera has encrypted sessions alone
 *
 * A UID in lower case is not known.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../tutk-sys/include/tutk.h"

#define SESSIONS 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int initialized, channels, licensed;
static struct session { int taken, connected, logged_in, stop, exits, step, audio, asked, listens, serves, heard; char uid[21]; } sessions[SESSIONS];

static int is(int id, const char *verb) { return strncmp(sessions[id].uid, verb, strlen(verb)) == 0; }
static int number(int id) { return atoi(sessions[id].uid + 8); }
static void until(volatile int *flag) { while (!*flag) usleep(1000); }

/* Each call by its number, for tests that make it fail, or return nonsense. */
enum call { INITIALIZE, AV_INITIALIZE, GET_SESSION, CONNECT, CHECK, LOG_IN, SEND, RECEIVE_CONTROL, VIDEO, AUDIO, SEARCH };
static int chosen = -1, answer;
#define ANSWER(call) do { if (chosen == (call)) return answer; } while (0)
void fake_answer(int call, int code) { chosen = call; answer = code; }

/* Until this, what is dead stays dead. */
static volatile int revived;
void fake_revive(int alive) { revived = alive; }

/* What the tests look at. */
int fake_initialized(void) { return initialized; }
int fake_open(void) {
	int open = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < SESSIONS; i++) open += sessions[i].taken + sessions[i].logged_in + sessions[i].serves;
	pthread_mutex_unlock(&lock);
	return open;
}

/* Bytes that cameras have heard. */
int fake_heard(void) {
	int heard = 0;
	for (int i = 0; i < SESSIONS; i++) heard += sessions[i].heard;
	return heard;
}

int TUTK_SDK_Set_License_Key(const char *key) { return licensed = strcmp(key, "right") ? -1004 : 0; }
/* As the libraries of 64 bits do: 32 bits only. */
void IOTC_Get_Version(unsigned long *version) { *(uint32_t *)version = 0x01020304; }
int IOTC_Initialize2(unsigned short port) { ANSWER(INITIALIZE); return initialized ? -3 : (initialized = 1, 0); }
int IOTC_DeInitialize(void) { return initialized ? (initialized = 0, 0) : -12; }
int avGetAVApiVer(void) { return 0x01050600; }
int avInitialize(int count) { ANSWER(AV_INITIALIZE); return channels = count; }
int avDeInitialize(void) { return channels = 0; }

int IOTC_Get_SessionID(void) {
	ANSWER(GET_SESSION);
	int id = -18;
	pthread_mutex_lock(&lock);
	for (int i = SESSIONS; i--;) if (!sessions[i].taken) id = i;
	if (id >= 0) sessions[id] = (struct session){ .taken = 1 };
	pthread_mutex_unlock(&lock);
	return id;
}
static int connect_with(const char *uid, int id, const char *key) {
	if (chosen == CONNECT && answer < 0) sessions[id].taken = 0;
	ANSWER(CONNECT);
	strncpy(sessions[id].uid, uid, 20);
	int result = 0;
	if (*uid >= 'a') result = -19;
	if (is(id, "CODECONN")) result = -number(id);
	if (is(id, "SLOWCONN")) usleep(number(id) * 1000);
	if (is(id, "DEADCONN")) { until(&revived); result = -13; }
	if (is(id, "STOPCONN")) { until(&sessions[id].stop); result = -27; }
	if (is(id, "KEYEDCAM") != (key && !memcmp(key, "rightKEY", 8))) result = key && !is(id, "KEYEDCAM") ? -69 : -68;
	sessions[id].connected = result == 0;
	if (result) sessions[id].taken = 0;
	return result ? result : id;
}
int IOTC_Connect_ByUID_Parallel(const char *uid, int id) { return connect_with(uid, id, 0); }
int IOTC_Connect_ByUIDEx(const char *uid, int id, const struct st_IOTCConnectInput *in) {
	return in->cb == sizeof *in && in->timeout ? connect_with(uid, id, in->auth_key) : -46;
}
int IOTC_Connect_Stop_BySID(int id) { sessions[id].stop = 1; return 0; }
int IOTC_Session_Check(int id, struct st_SInfo *info) {
	ANSWER(CHECK);
	if (is(id, "ODDSTATE")) { memset(info, 'x', 512); return 0; }
	*info = (struct st_SInfo){ .Mode = 1, .RemotePort = 4711 };
	strcpy(info->RemoteIP, "192.0.2.7");
	return 0;
}
void IOTC_Session_Close(int id) { sessions[id].taken = sessions[id].connected = 0; }
int IOTC_Lan_Search2(struct st_LanSearchInfo2 *found, int length, int milliseconds) {
	ANSWER(SEARCH);
	for (int i = 0; i < length; i++) memset(&found[i], 'x', sizeof *found);
	found[0].port = 32761;
	strcpy(found[0].UID, "PLAINXXX000000000000");
	strcpy(found[0].IP, "192.0.2.8");
	strcpy(found[1].UID, "SHORT");
	strcpy(found[2].UID, "PLAINXXX000000000000");
	return 1000000;
}

int avClientStart2(int id, const char *account, const char *password, unsigned long seconds, unsigned long *type,
                   unsigned char channel, int *resend) {
	ANSWER(LOG_IN);
	if (is(id, "CODELOGI")) return -number(id);
	if (is(id, "SLOWLOGI")) usleep(number(id) * 1000);
	if (is(id, "DEADLOGI")) { until(&revived); return -20011; }
	if (is(id, "STOPLOGI")) { until(&sessions[id].stop); return -20018; }
	sessions[id].logged_in = 1;
	*resend = 1;
	return id;
}
int avClientStartEx(const struct st_AVClientStartInConfig *in, struct st_AVClientStartOutConfig *out) {
	int only = is(in->iotc_session_id, "DTLSONLY");
	if (in->cb != sizeof *in || out->cb != sizeof *out) return -20000;
	if (only && in->security_mode == AV_SECURITY_SIMPLE) return -20049;
	if (!only && in->security_mode == AV_SECURITY_DTLS) return -20039;
	out->security_mode = only ? AV_SECURITY_DTLS : AV_SECURITY_SIMPLE;
	return avClientStart2(in->iotc_session_id, in->account_or_identity, in->password_or_token, in->timeout_sec, 0, 0, &out->resend);
}
void avClientExit(int id, unsigned char channel) { sessions[id].stop = 1; }
void avClientStop(int id) { sessions[id].logged_in = 0; }
int avSendIOCtrl(int id, unsigned type, const char *data, int size) {
	ANSWER(SEND);
	if (type == 0x300 || type == 0x301) sessions[id].asked = type == 0x300;
	if (type == 0x350 || type == 0x351) sessions[id].listens = type == 0x350 && *data == 3;
	if (is(id, "STUCKIOC")) { until(&sessions[id].exits); sessions[id].exits = 0; return -20022; }
	return 0;
}
int IOTC_Session_Get_Free_Channel(int id) { return 3; }
int avServStart3(int id, int (*auth)(char *, char *), unsigned long seconds, unsigned long type, unsigned char channel, int *resend) {
	sessions[id].serves = 1;
	for (unsigned ms = 0; ms < seconds * 1000 && !sessions[id].stop; ms++) {
		usleep(1000);
		if (!is(id, "SPEAKERS") || !sessions[id].listens) continue;
		if (number(id) == 404) { sessions[id].serves = 0; return -20002; }
		usleep(number(id) * 1000);
		*resend = auth("admin", "password");
		return id + 100;
	}
	sessions[id].serves = 0;
	return sessions[id].stop ? -20019 : -20011;
}
void avServExit(int id, unsigned char channel) { sessions[id].stop = 1; }
void avServStop(int av) { sessions[av - 100].serves = 0; }
int avSendAudioData(int av, const char *audio, int size, const void *info, int info_size) {
	if (size > 1280 || info_size != 16) return -20006;
	sessions[av - 100].heard += size;
	return 0;
}
int avSendIOCtrlExit(int id) { sessions[id].exits = 1; return 0; }
int avRecvIOCtrl(int id, unsigned *type, char *data, int size, unsigned milliseconds) { ANSWER(RECEIVE_CONTROL); return -20012; }
int avRecvAudioData(int id, char *data, int room, char *info, int info_room, unsigned *index) {
	/* PCM, 16 bits at 8 kHz, as frame info has it. */
	static const char pcm[16] = { (char)0x8c, 0, 2 };
	ANSWER(AUDIO);
	if (!is(id, "BOTHSEND") || !sessions[id].asked || sessions[id].audio >= 100) return -20012;
	*index = sessions[id].audio++;
	if (*index % 10 == 5) return -20014;
	memcpy(info, pcm, 16);
	memset(data, *index, 320);
	return 320;
}
int avRecvFrameData2(int id, char *frame, int room, int *size, int *expected, char *info, int info_room, int *info_size,
                     unsigned *index) {
	ANSWER(VIDEO);
	int step = sessions[id].step;
	if (is(id, "CODERECV")) return -number(id);
	if (is(id, "FRAMEBIG") && step == 0) {
		if (room < number(id)) return -20001;
		memset(frame, 'f', number(id));
		memset(info, 0, 16);
		*info_size = 16;
		sessions[id].step = *index = 1;
		return *size = *expected = number(id);
	}
	if (is(id, "BOTHSEND") && step < 100) {
		static const char key[] = { 0, 0, 0, 1, 0x65, (char)0x88, 7 };
		memcpy(frame, key, sizeof key);
		memset(info, 0, 16);
		info[0] = 0x4e, info[2] = 1;
		*info_size = 16;
		*index = sessions[id].step++;
		return *size = *expected = sizeof key;
	}
	if (is(id, "FRAMEODD") && step < 7) {
		static const int info_sizes[] = { 16, 24, 8, -5, 1000, 0, 16 };
		sessions[id].step++;
		if (step == 5) return -20014;
		memset(info, 0, 24);
		*info_size = info_sizes[step];
		*index = step;
		frame[0] = step;
		return *size = step == 0 ? 2000000000 : 1;
	}
	return -20012;
}
