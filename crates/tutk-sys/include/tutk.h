/* The part of the vendor's C interface that viewers and cameras use on a LAN, described from what the libraries do.
 *
 * Functions return 0 or more if all is well, and a negative code (IOTC_ER_*, TUTK_ER_*, AV_ER_*) if not. All may be
 * called from any thread. Strings end with a NUL; a UID has 20 characters before it.
 *
 * The libraries name some types `unsigned long` in their own headers. As an argument that is kept here. Behind a
 * pointer it is 32 bits in every library that was looked at, of 64 bits too; but leave room for 64 bits, and set it to
 * 0 before. The layouts below are the same on 32 and 64 bits but for pointers, and are asserted at the end of this file.
 */
#ifndef TUTK_H
#define TUTK_H

#include <stddef.h>
#include <stdint.h>

/* ---- IOTC: finding a device, and the session with it ---- */

/* st_SInfo.Mode: how the two sides reach each other. */
#define IOTC_MODE_P2P 0   /* directly, through routers */
#define IOTC_MODE_RELAY 1 /* through one of the vendor's servers */
#define IOTC_MODE_LAN 2   /* directly, in one network */

/* What IOTC_Session_Check says of a session, up to version 2 of the library. */
struct st_SInfo {
	uint8_t Mode;            /* IOTC_MODE_* */
	int8_t CorD;             /* 0: this side is the client, 1: the device */
	char UID[21];            /* the device */
	char RemoteIP[17];       /* the other side, as text */
	uint16_t RemotePort;     /* the other side, UDP */
	uint32_t TX_Packetcount; /* packets sent */
	uint32_t RX_Packetcount; /* packets received */
	uint32_t IOTCVersion;    /* version of the other side, a byte for each part; 0 if not known */
	uint16_t VID, PID, GID;  /* vendor, product and group of the UID */
	uint8_t NatType;         /* of the other side */
	uint8_t isSecure;        /* 1: encrypted with a key */
};

/* The same from version 3 on: the address has room for IPv6. */
struct st_SInfo3 {
	uint8_t Mode;
	int8_t CorD;
	char UID[21];
	char RemoteIP[47];
	uint16_t RemotePort;
	uint32_t TX_Packetcount;
	uint32_t RX_Packetcount;
	uint32_t IOTCVersion;
	uint16_t VID, PID, GID;
	uint8_t NatType;
	uint8_t isSecure;
};

/* What IOTC_Session_Check_Ex says of a session, from version 3 on. */
struct st_SInfoEx {
	uint32_t size; /* size of this struct */
	uint8_t Mode;
	int8_t CorD;
	char UID[21];
	char RemoteIP[47];
	uint16_t RemotePort;
	uint32_t TX_Packetcount;
	uint32_t RX_Packetcount;
	uint32_t IOTCVersion;
	uint16_t VID, PID, GID;
	uint8_t isSecure;
	uint8_t LocalNatType;
	uint8_t RemoteNatType;
	uint8_t RelayType;    /* 0: none */
	uint32_t NetState;
	char RemoteWANIP[47]; /* "0.0.0.0" in a LAN */
	uint16_t RemoteWANPort;
	uint8_t isNebula;
};

/* What IOTC_Device_LoginEx is asked. */
struct st_DeviceLoginInput {
	uint32_t cb;                  /* size of this struct */
	uint32_t authentication_type; /* 0: by key */
	char auth_key[8];             /* the key that viewers must show; no NUL follows */
};

/* A device that answered IOTC_Lan_Search2. */
struct st_LanSearchInfo2 {
	char UID[21];         /* its UID */
	char IP[16];          /* its IPv4 address, as text */
	uint16_t port;        /* its UDP port for sessions */
	char DeviceName[129]; /* its name; often empty */
	char Reserved;
};

/* What IOTC_Connect_ByUIDEx is asked. */
struct st_IOTCConnectInput {
	uint32_t cb;                  /* size of this struct */
	uint32_t authentication_type; /* 0: by key */
	char auth_key[8];             /* the device's key; no NUL follows */
	uint32_t timeout;             /* seconds */
};

/* Sets *version to the library's version, a byte for each part: 0x010d0700 is 1.13.7.0. */
void IOTC_Get_Version(unsigned long *version);

/* Hands over the licence key that newer libraries want before IOTC_Initialize2. Older ones lack this function. */
int TUTK_SDK_Set_License_Key(const char *key);

/* Starts the library's threads and opens its UDP port, 0 for any. Once for the process. */
int IOTC_Initialize2(unsigned short port);

/* Undoes IOTC_Initialize2; closes what is still open, without a word to the other side. */
int IOTC_DeInitialize(void);

/* Takes a session number, 0 or more, for IOTC_Connect_ByUID_Parallel. */
int IOTC_Get_SessionID(void);

/* Finds the device and connects, which blocks for as long as that takes. Returns the session number; if it fails,
 * that is free again. */
int IOTC_Connect_ByUID_Parallel(const char *uid, int session);

/* The same with the device's authentication key, for libraries of version 4. After IOTC_ER_INVALID_ARG the number is not
 * free. */
int IOTC_Connect_ByUIDEx(const char *uid, int session, const struct st_IOTCConnectInput *in);

/* Makes a blocking connect of this number end with IOTC_ER_FAIL_CONNECT_SEARCH, at once or within about a second. */
int IOTC_Connect_Stop_BySID(int session);

/* Whether the session lives, and what it is like. *info is an st_SInfo or, from version 3 on, an st_SInfo3. */
int IOTC_Session_Check(int session, struct st_SInfo *info);

/* The same by a struct that says its size, from version 2 on. */
int IOTC_Session_Check_Ex(int session, struct st_SInfoEx *info);

/* Scrambles only the first 64 bytes of what this side sends (1), or all (0). The scramble is no encryption. */
int IOTC_Set_Partial_Encryption(int session, unsigned char on);

/* Takes a channel of the session that is free, 1 or more, until IOTC_Session_Channel_OFF. */
int IOTC_Session_Get_Free_Channel(int session);

/* Frees a channel of the session. */
int IOTC_Session_Channel_OFF(int session, unsigned char channel);

/* Ends the session, tells the other side, and frees the number. */
void IOTC_Session_Close(int session);

/* The version as text, from version 4 on. */
const char *IOTC_Get_Version_String(void);

/* Sessions that this process has at most; before IOTC_Initialize2. */
void IOTC_Set_Max_Session_Number(unsigned long sessions);

/* The name that searches show. */
void IOTC_Set_Device_Name(const char *name);

/* Makes this process a device that answers on the LAN, and logs it in to the vendor's servers, which takes its time and may
 * fail: the LAN works all the same. */
int IOTC_Device_Login(const char *uid, const char *name, const char *password);

/* The same with a key that viewers must show, for libraries of version 4. */
int IOTC_Device_LoginEx(const char *uid, const struct st_DeviceLoginInput *in);

/* Waits for a viewer, for `milliseconds` or, with 0, until there is one. Returns the session number. */
int IOTC_Listen(unsigned long milliseconds);

/* Makes a blocking IOTC_Listen end with IOTC_ER_EXIT_LISTEN. */
void IOTC_Listen_Exit(void);

/* Asks the local networks for devices and waits the whole time, in ms. Returns how many it wrote to `found`, which has
 * room for `length`. */
int IOTC_Lan_Search2(struct st_LanSearchInfo2 *found, int length, int milliseconds);

/* ---- AV: login, frames and IO controls over a session ---- */

/* Security of avClientStartEx and avServStartEx; a server has no AV_SECURITY_AUTO. */
#define AV_SECURITY_SIMPLE 0 /* plain: account and password go over the network readable by all */
#define AV_SECURITY_DTLS 1   /* encrypted, or not at all */
#define AV_SECURITY_AUTO 2   /* encrypted where the device is; whoever can send may make it seem plain */

/* What avClientStartEx is asked. */
struct st_AVClientStartInConfig {
	uint32_t cb;                     /* size of this struct */
	uint32_t iotc_session_id;        /* session */
	uint8_t iotc_channel_id;         /* channel in it, 0 to 31 */
	uint32_t timeout_sec;            /* seconds */
	const char *account_or_identity; /* account or identity */
	const char *password_or_token;   /* its password or token, up to 256 characters */
	int32_t resend;                  /* 1: ask that lost data be sent again */
	uint32_t security_mode;          /* AV_SECURITY_* */
	uint32_t auth_type;              /* 0: by password, 1: by token, with DTLS only */
	int32_t sync_recv_data;          /* 0: audio and video each on their own */
};

/* What avClientStartEx answers. */
struct st_AVClientStartOutConfig {
	uint32_t cb;               /* size of this struct */
	uint32_t server_type;      /* the device's own number */
	int32_t resend;            /* 1: lost data is sent again */
	int32_t two_way_streaming; /* 1: audio may go to the device in this channel */
	int32_t sync_recv_data;    /* as asked, if the device agrees */
	uint32_t security_mode;    /* AV_SECURITY_* */
};

/* Writes the password of an account into `password`, with room for `size` bytes. Returns 0 if there is such an account. With DTLS
 * it is called in the midst of a handshake, from another thread, and must not call this library. */
typedef int (*tutk_password_auth)(const char *account, char *password, uint32_t size);

/* The same for the token of an identity. */
typedef int (*tutk_token_auth)(const char *identity, char *token, uint32_t size);

/* What avServStartEx is asked. */
struct st_AVServStartInConfig {
	uint32_t cb;                      /* size of this struct */
	uint32_t iotc_session_id;         /* session */
	uint8_t iotc_channel_id;          /* channel in it, 0 to 31 */
	uint32_t timeout_sec;             /* seconds; 0: without end */
	uint32_t server_type;             /* the device's own number */
	int32_t resend;                   /* 1: offer to send lost data again */
	uint32_t security_mode;           /* AV_SECURITY_SIMPLE or AV_SECURITY_DTLS */
	tutk_password_auth password_auth; /* needed */
	tutk_token_auth token_auth;       /* NULL: no identity has a token */
	void *others[6];                  /* functions for new tokens, identities, abilities, a new password, JSON requests */
};

/* What avServStartEx answers. */
struct st_AVServStartOutConfig {
	uint32_t cb;                    /* size of this struct */
	int32_t resend;                 /* 1: lost data is sent again */
	int32_t two_way_streaming;      /* 1: the client may send audio in this channel */
	int32_t auth_type;              /* 0: by password, 1: by token */
	char account_or_identity[256];  /* who logged in */
};

/* What comes with each frame. Devices send 16 to 64 bytes; the first 16 mean this in all of them. */
struct st_FrameInfo {
	uint16_t codec_id;  /* 0x4c MPEG-4, 0x4d H.263, 0x4e H.264, 0x4f MJPEG, 0x50 H.265; 0x86 and more: audio */
	uint8_t flags;      /* video: 1 key frame; audio: sample rate index << 2 | 16-bit << 1 | stereo */
	uint8_t cam_index;  /* which lens */
	uint8_t onlineNum;  /* viewers online */
	uint8_t reserve1[3];
	uint32_t reserve2;
	uint32_t timestamp; /* the device's clock in ms; wraps */
};

/* The AV part's version, a byte for each part. */
int avGetAVApiVer(void);

/* Makes room for this many channels, after IOTC_Initialize2. Returns how many there are. */
int avInitialize(int channels);

/* Undoes avInitialize; before IOTC_DeInitialize. */
int avDeInitialize(void);

/* Logs in, which blocks for up to `seconds`. Returns the AV channel, 0 or more. *server_type is the device's own
 * number and may be NULL; *resend becomes 1 if lost data is sent again. */
int avClientStart2(int session, const char *account, const char *password, unsigned long seconds,
                   unsigned long *server_type, unsigned char channel, int *resend);

/* The same, for libraries of version 4. */
int avClientStartEx(const struct st_AVClientStartInConfig *in, struct st_AVClientStartOutConfig *out);

/* Makes a blocking login of this session and channel end with AV_ER_CLIENT_EXIT. It may succeed all the same. */
void avClientExit(int session, unsigned char channel);

/* Ends the AV channel; before IOTC_Session_Close. */
void avClientStop(int av);

/* Sends an IO control and blocks until the device has confirmed it, however long that takes. One at a time in each
 * channel. At most 1,020 bytes, from version 4 on more. */
int avSendIOCtrl(int av, unsigned int type, const char *data, int size);

/* Makes a blocking avSendIOCtrl end with AV_ER_SENDIOCTRL_EXIT. */
int avSendIOCtrlExit(int av);

/* Waits up to `milliseconds` (0: not at all) for an IO control. Returns its size; *type is its type. What does not fit
 * into `data` is lost. */
int avRecvIOCtrl(int av, unsigned int *type, char *data, int size, unsigned int milliseconds);

/* Takes the next frame of video, if it is whole (AV_ER_DATA_NOREADY if not). Returns its size; *frame_size and
 * *info_size are sizes of what was written, *expected_size the size that the device sent, *number the frame's. Outputs
 * that have nothing to say are left as they were. After AV_ER_BUFPARA_MAXSIZE_INSUFF the frame is still there. */
int avRecvFrameData2(int av, char *frame, int frame_room, int *frame_size, int *expected_size, char *info,
                     int info_room, int *info_size, unsigned int *number);

/* Takes the next block of audio, if there is one. Returns its size. What does not fit is lost. The size of the frame
 * info is not told. */
int avRecvAudioData(int av, char *audio, int audio_room, char *info, int info_room, unsigned int *number);

/* Forgets what has come and was not taken yet; the functions without Local in their name also ask the camera to forget what it
 * has not sent yet. */
int avClientCleanBuf(int av);
int avClientCleanVideoBuf(int av);
int avClientCleanAudioBuf(int av);
int avClientCleanLocalBuf(int av);
int avClientCleanLocalVideoBuf(int av);

/* Bytes of video that may wait to be taken, in KiB: of all channels to come, or of one (from version 4 on). */
void avClientSetMaxBufSize(unsigned long kibibytes);
int avClientSetRecvBufMaxSize(int av, unsigned int kibibytes);

/* ---- AV: the other end, of devices and of viewers that talk ---- */

/* Waits for a client and lets it in if `auth` returns 1 for account and password. Returns the AV channel; *resend becomes 1 if
 * lost data is sent again. */
int avServStart3(int session, int (*auth)(char *account, char *password), unsigned long seconds, unsigned long server_type,
                 unsigned char channel, int *resend);

/* The same, for libraries of version 4. */
int avServStartEx(const struct st_AVServStartInConfig *in, struct st_AVServStartOutConfig *out);

/* Makes a blocking avServStart3 or avServStartEx end with AV_ER_SERVER_EXIT. */
void avServExit(int session, unsigned char channel);

/* Ends the AV channel; before IOTC_Session_Close. */
void avServStop(int av);

/* Sends a frame of video, or a block of audio, with its frame info. AV_ER_EXCEED_MAX_SIZE: the client has too much that it did
 * not acknowledge; the frame is not sent. */
int avSendFrameData(int av, const char *frame, int size, const void *info, int info_size);
int avSendAudioData(int av, const char *audio, int size, const void *info, int info_size);

/* ---- Codes that a viewer acts upon; the names and meanings of all are in crates/tutk/src/vendor/errors.rs ---- */

#define IOTC_ER_ALREADY_INITIALIZED (-3)
#define IOTC_ER_FAIL_CONNECT_SEARCH (-27)
#define AV_ER_BUFPARA_MAXSIZE_INSUFF (-20001)
#define AV_ER_DATA_NOREADY (-20012)
#define AV_ER_INCOMPLETE_FRAME (-20013)
#define AV_ER_LOSED_THIS_FRAME (-20014)
#define AV_ER_CLIENT_EXIT (-20018)
#define AV_ER_SENDIOCTRL_EXIT (-20022)
#define AV_ER_TIMEOUT (-20011)

/* ---- Layouts ---- */

#define TUTK_AT(type, field, at) _Static_assert(offsetof(struct type, field) == (at), #type "." #field)
#define TUTK_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

TUTK_SIZE(st_SInfo, 64);
TUTK_AT(st_SInfo, UID, 2);
TUTK_AT(st_SInfo, RemoteIP, 23);
TUTK_AT(st_SInfo, RemotePort, 40);
TUTK_AT(st_SInfo, TX_Packetcount, 44);
TUTK_AT(st_SInfo, IOTCVersion, 52);
TUTK_AT(st_SInfo, VID, 56);
TUTK_AT(st_SInfo, isSecure, 63);

TUTK_SIZE(st_SInfo3, 92);
TUTK_AT(st_SInfo3, RemoteIP, 23);
TUTK_AT(st_SInfo3, RemotePort, 70);
TUTK_AT(st_SInfo3, TX_Packetcount, 72);
TUTK_AT(st_SInfo3, isSecure, 91);

TUTK_SIZE(st_LanSearchInfo2, 170);
TUTK_AT(st_LanSearchInfo2, IP, 21);
TUTK_AT(st_LanSearchInfo2, port, 38);
TUTK_AT(st_LanSearchInfo2, DeviceName, 40);
TUTK_AT(st_LanSearchInfo2, Reserved, 169);

TUTK_SIZE(st_SInfoEx, 156);
TUTK_AT(st_SInfoEx, RemoteIP, 27);
TUTK_AT(st_SInfoEx, RemotePort, 74);
TUTK_AT(st_SInfoEx, IOTCVersion, 84);
TUTK_AT(st_SInfoEx, RemoteWANIP, 104);

TUTK_SIZE(st_DeviceLoginInput, 16);

TUTK_SIZE(st_AVServStartInConfig, sizeof(void *) == 8 ? 96 : 60);
TUTK_AT(st_AVServStartInConfig, password_auth, sizeof(void *) == 8 ? 32 : 28);
TUTK_SIZE(st_AVServStartOutConfig, 272);

TUTK_SIZE(st_IOTCConnectInput, 20);
TUTK_AT(st_IOTCConnectInput, auth_key, 8);
TUTK_AT(st_IOTCConnectInput, timeout, 16);

TUTK_SIZE(st_AVClientStartInConfig, sizeof(void *) == 8 ? 48 : 40);
TUTK_AT(st_AVClientStartInConfig, timeout_sec, 12);
TUTK_AT(st_AVClientStartInConfig, account_or_identity, 16);
TUTK_AT(st_AVClientStartInConfig, resend, sizeof(void *) == 8 ? 32 : 24);

TUTK_SIZE(st_AVClientStartOutConfig, 24);
TUTK_AT(st_AVClientStartOutConfig, resend, 8);

TUTK_SIZE(st_FrameInfo, 16);
TUTK_AT(st_FrameInfo, timestamp, 12);

#endif
