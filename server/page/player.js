// Plays a camera: by WebRTC, or as pictures one after the other where the browser cannot play what it sends.

import { address } from "/address.js";

const GATHERING = 2000;
const RETRIES = [1000, 2000, 5000, 10000];

export class Player {
  // `video` and `image` show what comes, one of them at a time; `listener` has shown(kind) and failed(text).
  constructor(name, video, image, listener) {
    this.path = encodeURIComponent(name);
    this.video = video;
    this.image = image;
    this.listener = listener;
    this.failures = 0;
    this.lost = false;
    this.timer = null;
    this.onPlaying = () => {
      this.failures = 0;
      this.video.hidden = false;
      this.image.hidden = true;
      this.listener.shown("video");
    };
    this.onPicture = () => {
      if (!this.pictures) return;
      this.failures = 0;
      this.image.hidden = false;
      this.listener.shown("pictures");
    };
    this.onBroken = () => this.pictures && this.fail("No more pictures come");
    this.onLeave = () => this.hangUp();
    video.addEventListener("playing", this.onPlaying);
    image.addEventListener("load", this.onPicture);
    image.addEventListener("error", this.onBroken);
    addEventListener("pagehide", this.onLeave);
    this.start();
  }

  async start() {
    const attempt = (this.attempt = {});
    const peer = (this.peer = new RTCPeerConnection());
    const stream = new MediaStream();
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.addEventListener("track", ({ track }) => {
      stream.addTrack(track);
      if (this.video.srcObject !== stream) this.video.srcObject = stream;
      // By itself a video starts only where it is seen, and this one is shown when it plays.
      this.video.play().catch(() => {});
    });
    peer.addEventListener("connectionstatechange", () => {
      if (["failed", "disconnected", "closed"].includes(peer.connectionState) && this.attempt === attempt) {
        this.fail("The connection was lost");
      }
    });
    try {
      await peer.setLocalDescription();
      await gathered(peer);
      const answer = await fetch(address(`/whep/${this.path}`), {
        method: "POST",
        headers: { "Content-Type": "application/sdp" },
        body: peer.localDescription.sdp,
      });
      const text = await answer.text();
      if (answer.status === 201) this.resource = address(answer.headers.get("Location"));
      if (this.attempt !== attempt) return this.hangUp();
      if (answer.status === 415) return this.showPictures();
      if (!answer.ok) throw new Error(JSON.parse(text).error);
      await peer.setRemoteDescription({ type: "answer", sdp: text });
    } catch (error) {
      if (this.attempt === attempt) this.fail(error.message);
    }
  }

  showPictures() {
    this.hangUp();
    this.pictures = true;
    this.video.hidden = true;
    this.image.src = `/mjpeg/${this.path}?${Date.now()}`;
  }

  fail(text) {
    this.hangUp();
    this.listener.failed(text);
    const delay = RETRIES[Math.min(this.failures, RETRIES.length - 1)];
    this.failures += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), delay);
  }

  // The camera's state has changed: when it is back, what came of it before is over.
  follow(state) {
    if (["away", "failed"].includes(state)) this.lost = true;
    if (state !== "playing" || !this.lost) return;
    this.lost = false;
    this.retry();
  }

  retry() {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.hangUp();
    this.start();
  }

  hangUp() {
    this.attempt = null;
    this.pictures = false;
    this.peer?.close();
    this.peer = null;
    if (this.resource) fetch(this.resource, { method: "DELETE", keepalive: true }).catch(() => {});
    this.resource = null;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    const pictures = this.pictures;
    this.hangUp();
    if (pictures) this.image.removeAttribute("src");
    this.image.hidden = !this.image.hasAttribute("src");
    this.video.srcObject = null;
    this.video.hidden = true;
    this.video.removeEventListener("playing", this.onPlaying);
    this.image.removeEventListener("load", this.onPicture);
    this.image.removeEventListener("error", this.onBroken);
    removeEventListener("pagehide", this.onLeave);
  }
}

function gathered(peer) {
  return new Promise((resolve) => {
    const check = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", check);
    setTimeout(resolve, GATHERING);
    check();
  });
}
